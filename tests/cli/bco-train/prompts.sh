# Records of one prompt are brought together inside a step, and its tokens count once in a micro-batch: neither their order in
# the step nor its cut into micro-batches changes the numbers.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8 9; do
    printf '{"prompt_ids":[3,7,%d,8,9],"completion_ids":[5,%d,2],"label":%d}\n' $((i % 3)) $((i + 9)) $((i % 2))
done | bco-refcache -q -m "$model" --ids >apart.jsonl
for prompt in 0 1 2; do grep "\[3,7,$prompt," apart.jsonl; done >together.jsonl
step() { # NAME RECORDS OPTION...
    name=$1 records=$2
    shift 2
    bco-train -q -m "$model" --ids --order given --batch 9 --epochs 2 --lr 1e-3 --warmup 0 --schedule constant -o "$name" "$@" "$records"
    sed -E 's/.*"loss":([^,]*),.*"grad_norm":([^,]*),.*/\1 \2/' "$name/metrics.jsonl"
}
step a apart.jsonl >a.txt
step b together.jsonl >b.txt
step c apart.jsonl --micro-tokens 14 >c.txt
step d apart.jsonl --micro-tokens 1 >d.txt
cat a.txt b.txt c.txt d.txt | awk '{ n = (NR - 1) % 2; if (NR <= 2) { l[n] = $1; g[n] = $2 }
    if (($1 - l[n]) ^ 2 > 1e-12 || ($2 / g[n] - 1) ^ 2 > 1e-10) print "differs:", NR, $0, l[n], g[n] }
    END { print NR, "steps" }'
