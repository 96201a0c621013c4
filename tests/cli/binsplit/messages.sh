# The keys' order and another spelling of a text make no difference.
cat >in.jsonl <<'END'
{"prompt":[{"role":"user","content":"Hi"}]}
{"prompt":[{"content":"\u0048i","role":"user"}]}
{"prompt":"Hi"}
{"prompt":"\u0048i"}
END
for seed in 0 1 2 3 4 5 6 7; do binsplit -q --seed $seed --share 0.5 --train t --valid v in.jsonl 2>/dev/null; echo $(($(wc -l <t) % 2)); done | sort | uniq -c | sed 's/^ *//' 
