# Records and pairs: z is in the metrics and delta is not; what is missing names the tool that adds it.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6; do
    printf '{"prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%d}\n' $i $((i + 9)) $((i % 2))
done >binary.jsonl
for i in 1 2 3 4; do
    printf '{"prompt_ids":[3,%d],"chosen_ids":[5,%d,2],"rejected_ids":[6,2]}\n' $i $((i + 9))
done >pairs.jsonl
for kind in binary pairs; do
    bco-refcache -q -m "$model" --ids --kto --kto-batch 2 $kind.jsonl -o $kind.kl
    bco-train -q -m "$model" --ids --loss kto --batch 2 --lr 1e-2 --warmup 0 --valid $kind.kl -o $kind $kind.kl
    grep -v eval $kind/metrics.jsonl | grep -o '"samples/[a-z]*":[0-9]*' | tr '\n' ' '
    grep -c '"z":' $kind/metrics.jsonl
    grep -c '"eval_z":' $kind/metrics.jsonl
    grep -c -e '"delta' -e shift -e error_term $kind/metrics.jsonl
    head -n 1 $kind/metrics.jsonl | grep -o '"loss":[0-9.]*' | awk -F: '{ printf "loss %.3f\n", $2 }'
    awk -F'"z":' '/"z":/ { split($2, a, ","); if (a[1] > 1e-3) moved = 1 } END { print moved ? "z moves" : "z stays" }' $kind/metrics.jsonl
done
bco-refcache -q -m "$model" --ids binary.jsonl | bco-train -m "$model" --ids --loss kto -o missing; echo $?
sed 's/"ref_logp_kl":[^}]*/"ref_logp_kl":null/' binary.kl | bco-train -m "$model" --ids --loss kto -o missing --resume; echo $?
sed 's/"kl_completion_ids":\[[^]]*\],//' binary.kl | bco-train -m "$model" --ids --loss kto -o missing --resume; echo $?
sed 's/"kl_completion_ids":\[5/"kl_completion_ids":[999999/' binary.kl | bco-train -m "$model" --ids --loss kto -o missing --resume; echo $?
sed '2,4s/"kl_completion_ids":\[5,[0-9]*,2\]/"kl_completion_ids":[]/' binary.kl | bco-train -m "$model" --ids --loss kto --rejects rejects -o missing --resume; echo $?
wc -l <rejects
