# Messages go through the chat template, which ref_id names; texts beside them do not.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/models/tinystories-656k
cat >in.jsonl <<'EOF'
{"prompt":[{"role":"user","content":"Hello"}],"completion":[{"role":"assistant","content":"once upon"}],"label":true}
{"prompt":"Hello","completion":"once upon","label":false}
EOF
bco-refcache -q -m "$model" in.jsonl
echo "{% for m in messages %}<{{ m.role }}> {{ m.content }} {% endfor %}" >chat.jinja
bco-refcache -q -m "$model" --chat-template chat.jinja in.jsonl -o ref.jsonl
sed -E 's/.*"ref_tokens"/"ref_tokens"/; s/"[0-9a-f]{8}-[0-9a-f]{8}-/"W-T-/; s/-[1-9a-f][0-9a-f]{7}-/-C-/' ref.jsonl
bco-train -q -m "$model" --chat-template chat.jinja --batch 2 -o out ref.jsonl && ls out | grep -c model
rm -rf out
bco-train -q -m "$model" -o out ref.jsonl 2>&1 | sed -E 's/[1-9a-f][0-9a-f]{7}/F/g'
echo "{% for m in messages %}{{ m.content }}{% endfor %}" >other.jinja
rm -rf out
bco-train -q -m "$model" --chat-template other.jinja -o out ref.jsonl 2>&1 | sed -E 's/[0-9a-f]{8}/F/g'
