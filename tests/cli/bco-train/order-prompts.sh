# --order prompts: the records of a prompt come one behind the other, the prompts in another order each epoch. Of prompt p's four
# completions, which stand far apart, p % 5 are up: a step of four records says by its ups which prompt it had.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for k in 0 1 2 3; do
    for p in 0 1 2 3 4; do
        printf '{"prompt_ids":[3,7,%d,8],"completion_ids":[5,%d,2],"label":%d}\n' $((p + 9)) $((k + 20)) $((k < p))
    done
done | bco-refcache -q -m "$model" --ids >ref.jsonl
run() { bco-train -q -m "$model" --ids --batch 4 --lr 1e-3 --schedule constant --warmup 0 "$@" ref.jsonl; }
ups() { jq '."samples/chosen"' "$1/metrics.jsonl" | paste -sd ' '; }
run --order prompts --epochs 3 --seed 5 -o three
echo "by prompts: $(ups three)"
run --order given --epochs 1 -o given
echo "given: $(ups given)"
run --order prompts --epochs 3 --seed 5 -o again
cmp three/model.safetensors again/model.safetensors && echo "equal settings, equal bytes"
run --order prompts --epochs 3 --seed 6 -o other
echo "another seed: $(ups other)"
for records in 1 3; do run --order prompts --epochs 3 --seed 5 --micro-records $records -o cut$records; done
cat three/metrics.jsonl cut1/metrics.jsonl cut3/metrics.jsonl | jq -r '[.loss, .grad_norm] | @tsv' |
    awk '{ n = (NR - 1) % 15; if (NR <= 15) { l[n] = $1; g[n] = $2 }
        if (($1 - l[n]) ^ 2 > 1e-12 || ($2 / g[n] - 1) ^ 2 > 1e-9) print "differs:", NR, $0, l[n], g[n] } END { print NR, "steps" }'
run --order prompts --steps 7 --seed 5 --save-every 7 -o halves
run --order prompts --steps 15 --seed 5 --save-every 7 --resume -o halves 2>/dev/null
cmp three/model.safetensors halves/model.safetensors && echo "resumed within an epoch, the same bytes"
rm halves/README.md
run --steps 15 --seed 5 --resume -o halves
grep order three/README.md
