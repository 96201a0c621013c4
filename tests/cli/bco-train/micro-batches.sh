# One delta a step, however it is cut: by tokens, or by records.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

run() { # NAME OPTION...
    name=$1
    shift
    bco-train -q -m "$model" --ids --batch 8 --epochs 6 --lr 1e-3 "$@" -o out$name ref.jsonl
    for what in loss delta grad_norm; do grep -o "\"$what\":[^,]*" out$name/metrics.jsonl | cut -d: -f2; done >numbers$name
}
for tokens in 1 10 25 1000; do run $tokens --micro-tokens $tokens; done
for records in 1 2 5 8; do run r$records --micro-records $records; done
cmp out1/model.safetensors outr1/model.safetensors # one record at a time, either way
cmp out1000/model.safetensors outr8/model.safetensors
for name in 10 25 1000 r2 r5; do
    paste -d ' ' numbers1 numbers$name | awk '{ d = $1 - $2; if (d < 0) d = -d; s = $1 < 0 ? -$1 : $1; if (d > 1e-5 * s + 1e-6) { print "differ", $0; exit 1 } }'
done
echo equal
