# bf16 through the tools: ref_id records it, mixing is refused, runs resume bit for bit with every loss.
. "$ROOT/tests/cli/tiny_model.bash"
tiny_model m
for i in 1 2 3 4 5 6 7 8; do
    printf '{"prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $((i + 9)) $([ $((i % 2)) = 0 ] && echo true || echo false)
done >raw.jsonl
jq -c '{prompt_ids, chosen_ids: .completion_ids, rejected_ids: [7,8,2]}' raw.jsonl >pairs-raw.jsonl
bco-refcache -m m --ids --precision bf16 raw.jsonl -o ref.jsonl 2>err
if grep -q 'f32 is used' err; then head -n 1 err; exit 77; fi
bco-refcache -q -m m --ids raw.jsonl -o f32.jsonl
bco-refcache -q -m m --ids --kto --precision bf16 raw.jsonl -o kto.jsonl
bco-refcache -q -m m --ids --precision bf16 pairs-raw.jsonl -o pairs.jsonl
jq -r '.ref_id | split(".") | last' ref.jsonl f32.jsonl | uniq -c | sed 's/^ *//'

echo "a store keeps both apart:"
bco-refcache -m m --ids --store store raw.jsonl -o s1.jsonl 2>&1 | grep -o '[0-9]* computed, [0-9]* from the store'
bco-refcache -m m --ids --store store --precision bf16 raw.jsonl -o s2.jsonl 2>&1 | grep -o '[0-9]* computed, [0-9]* from the store'
cmp s1.jsonl f32.jsonl && cmp s2.jsonl ref.jsonl && echo "each its own"
bco-refcache -q -m m --ids --precision bf16 --batch-tokens 1 -j 1 raw.jsonl -o alone.jsonl
cmp alone.jsonl ref.jsonl && echo "the same to the last bit, one by one"

echo "mixed:"
bco-train -q -m m --ids -o x ref.jsonl 2>&1 | sed 's/weights .*; //'
bco-train -q -m m --ids --precision bf16 -o x f32.jsonl 2>&1 | sed 's/weights .*; //'
bco-reward -m m --ids ref.jsonl 2>&1 >reward.jsonl
bco-train -m m --ids --allow-mixed --batch 4 -o x ref.jsonl 2>&1 | head -n 1
bco-train -m m --ids --allow-mixed --batch 4 -o y ref.jsonl 2>&1 | grep -c 'off by 0.0*[1-9][0-9]* nats a token, and rewards start off by 0.0'
bco-reward -q -m m --ids --allow-mixed ref.jsonl | wc -l
bco-reward -m m --ids --precision bf16 ref.jsonl 2>/dev/null | jq -c .reward | uniq -c | sed 's/^ *//'

echo "resumed:"
run() { bco-train -q -m m --ids --precision bf16 --lr 1e-2 --batch 4 --schedule constant "$@"; }
metrics() { sed -E 's/"(seconds|tokens_per_second)":[0-9.e+-]+//g' "$1/metrics.jsonl"; }
for how in "--loss bco" "--loss bce" "--loss sft" "--loss kto" "--lora 2" "--loss dpo" "--loss ipo" "--loss nca"; do
    case $how in *dpo | *ipo | *nca) data=pairs.jsonl ;; *kto) data=kto.jsonl ;; *) data=ref.jsonl ;; esac
    rm -rf whole part
    run $how --steps 4 -o whole $data
    run $how --steps 2 --save-every 1 -o part $data
    run $how --steps 4 --save-every 1 --resume -o part $data
    file=model.safetensors && [ -e whole/$file ] || file=adapter_model.safetensors
    cmp whole/$file part/$file && [ "$(metrics whole)" = "$(metrics part)" ] && echo "$how: the same"
done
head -n 1 part/metrics.jsonl | jq -c '[."rewards/margins"]'
grep '^| precision' part/README.md

echo "resumed with another precision:"
bco-train -q -m m --ids --allow-mixed --loss nca --lr 1e-2 --batch 4 --schedule constant --steps 4 --save-every 1 --resume -o part pairs.jsonl
echo "exit $?"

echo "an adapter that goes on: rewards start near 0, and nothing warns of it"
bco-train -q -m m --ids --lora 4 --lr 1e-2 --warmup 0 --batch 8 --steps 20 -o adapter f32.jsonl
bco-refcache -q -m m -a adapter --ids --precision bf16 raw.jsonl -o on.jsonl
bco-train -m m -a adapter --ids --precision bf16 --batch 8 --steps 1 --warmup 0 -o on on.jsonl 2>&1 | grep -c 'do not start'
jq '."rewards/chosen" | [. != 0, fabs < 0.1 * 3 * 0.02]' -c on/metrics.jsonl
sed 's/"ref_logp":-/"ref_logp":-1/' on.jsonl >wrong.jsonl
bco-train -m m -a adapter --ids --precision bf16 --batch 8 --steps 1 --warmup 0 -o wrong wrong.jsonl 2>&1 | grep -c 'do not start'
bco-train -q -m m --ids --head --precision bf16 --lr 1e-2 --batch 4 -o head raw.jsonl
ls head
