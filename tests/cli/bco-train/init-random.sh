# Weights drawn from a seed: pre-training.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6 7 8; do
    printf '{"id":"r%d","prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl

mkdir m && cp "$model/config.json" m/
bco-train -q -m m --ids --init random --loss sft --batch 4 --seed 3 --lr 1e-3 -o one ref.jsonl
bco-train -q -m m --ids --init random --loss sft --batch 4 --seed 3 --lr 1e-3 -o two ref.jsonl
bco-train -q -m m --ids --init random --loss sft --batch 4 --seed 4 --lr 1e-3 -o three ref.jsonl
cmp one/model.safetensors two/model.safetensors && echo same
cmp -s one/model.safetensors three/model.safetensors || echo other
