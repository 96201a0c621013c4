[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

train() { bco-train -m "$model" --ids --lr 1e-3 --batch 4 --epochs 2 "$@" ref.jsonl; }
train -o out
ls out
cut -d, -f1 out/metrics.jsonl
cp ref.jsonl "it's held out"
train -q --valid "it's held out" --save-every 2 -o card
sed -E '/^\| [a-zA-Z, ]+ \| -?[0-9.e-]+ \|$/{/rate|beta|decay/!s/ [^ ]+ \|$/ N |/;}' card/README.md

echo "a card that is written right after a resume, and one on the way:"
card() { grep -v '^bco-train ' "$1/README.md"; }
card card >one
rm card/README.md && train -q --valid "it's held out" --save-every 2 --resume -o card
card card >two && cmp one two && echo the same
rm card/README.md card/checkpoints/step-0000000004.bco && train -q --valid "it's held out" --save-every 2 --resume -o card
card card >two && cmp one two && echo the same
