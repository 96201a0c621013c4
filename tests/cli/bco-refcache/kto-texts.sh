# Texts: an overlong mismatched sequence is cut, never dropped; messages and texts in one run are told apart.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/models/tinystories-656k
cat >in.jsonl <<'EOF'
{"prompt":"Once upon a time","completion":" there was a cat."}
{"prompt":"One day a boy went to the park and","completion":" ran."}
EOF
bco-refcache -m "$model" --kto --max-length 16 --overlong drop in.jsonl -o out.jsonl
grep -o '"kl_completion":"[^"]*"' out.jsonl
grep -c ref_logp_kl out.jsonl
echo '{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"Hello"}]}' >chat.jsonl
printf '%s' "{% for m in messages %}{{ m['content'] }} {% endfor %}" >template
bco-refcache -m "$model" --chat-template template --kto in.jsonl chat.jsonl; echo $?
