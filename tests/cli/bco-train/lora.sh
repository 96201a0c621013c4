# An adapter instead of weights: what OUT is, what each -a means for the reference, and who uses it.
. "$ROOT/tests/cli/tiny_model.bash"
tiny_model m
for i in 1 2 3 4 5 6 7 8; do
    printf '{"prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done >raw.jsonl
bco-refcache -q -m m --ids raw.jsonl -o ref.jsonl
first() { head -n 1 "$1/metrics.jsonl" | jq -r 'if (."rewards/margins" | fabs) < 1e-4 then "rewards start at 0" else "rewards do not" end'; }

bco-train -q -m m --ids --lora 2:3 --lora-targets q_proj,down_proj --lr 1e-2 --batch 4 --epochs 2 -o a ref.jsonl
ls a
cat a/adapter_config.json
grep -e library -e LoRA a/README.md
first a

echo "the same again:"
bco-train -q -m m --ids --lora 2:3 --lora-targets q_proj,down_proj --lr 1e-2 --batch 4 --epochs 2 -o again ref.jsonl
cmp a/adapter_model.safetensors again/adapter_model.safetensors && echo the same
bco-train -q -m m --ids --lora 2:3 --lora-targets q_proj,down_proj --lr 1e-2 --batch 4 --epochs 2 --seed 1 -o other ref.jsonl
cmp -s a/adapter_model.safetensors other/adapter_model.safetensors || echo "another with another seed"

echo "on from it, the reference being with it:"
bco-refcache -q -m m -a a --ids raw.jsonl -o ref-a.jsonl
bco-train -q -m m -a a --ids --lr 1e-2 --batch 4 -o b ref-a.jsonl
first b
cmp a/adapter_config.json b/adapter_config.json && echo "the same adapter, trained"

echo "on from it, the reference being without:"
bco-train -m m -a a --ids --lr 1e-2 --batch 4 -o c ref.jsonl 2>err
head -n 1 err
first c
echo "on the model alone, the reference being with it:"
bco-train -m m --lora 2 --ids -o d ref-a.jsonl 2>err; echo $?
sed -E 's/[0-9a-f]{8}/X/g' err
[ -e d ] || echo nothing made

echo "used:"
bco-reward -q -m m -a a --ids --summary ref.jsonl | head -n 3
bco-merge -q -m m -a a -o merged && bco-merge -q -m m -a a -o twice && cmp merged/model.safetensors twice/model.safetensors && echo merged
bco-refcache -q -m merged --ids raw.jsonl | jq -c .ref_logp >one
jq -c .ref_logp ref-a.jsonl >two
cmp one two && echo the same log-probs
bco-generate -q -m m -a a --ids -n 1 --greedy --max-new-tokens 2 raw.jsonl | wc -l

echo "as 16 bits, default rate:"
bco-train -q -m m --ids --lora 2 --dtype bf16 --schedule constant --warmup 0 -o small ref.jsonl
tail -n 1 small/metrics.jsonl | grep -o '"learning_rate":[^,]*'
head -c 200 small/adapter_model.safetensors | grep -a -o 'BF16' | head -n 1
