# What is cut is counted, and ref_id has the limits.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/models/tinystories-656k
long=$(yes 'word' | head -n 40 | tr '\n' ' ')
printf '{"prompt":"%s","completion":"%s"}\n' "$long" "$long" >in.jsonl
printf '%s\n' '{"prompt":"Hi","completion":"there"}' >>in.jsonl
bco-refcache -m "$model" --max-length 24 in.jsonl | sed -E 's/.*"ref_logp":[^,]*,//; s/"[0-9a-f]{8}-[0-9a-f]{8}-/"W-T-/'
bco-refcache -m "$model" --max-length 24 --max-prompt 5 --no-bos --no-eos in.jsonl | sed -E 's/.*"ref_logp":[^,]*,//; s/"[0-9a-f]{8}-[0-9a-f]{8}-/"W-T-/'
bco-refcache -m "$model" --max-length 24 --overlong drop in.jsonl | sed -E 's/.*"ref_logp":[^,]*,//; s/"[0-9a-f]{8}-[0-9a-f]{8}-/"W-T-/'
bco-refcache -m "$model" --max-length 24 --overlong error in.jsonl
