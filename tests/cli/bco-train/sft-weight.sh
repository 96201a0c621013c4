# loss = that without --sft-weight + X times sft_loss, which is absent without it and in a step without ups; part of the settings.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6; do
    printf '{"prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $((i + 9)) $([ $i -le 3 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl
train() { bco-train -q -m "$model" --ids --batch 3 --order given --warmup 0 "$@" ref.jsonl; }

train -o plain
train -o anchored --sft-weight 0.5 --save-every 1
grep -c sft_loss plain/metrics.jsonl anchored/metrics.jsonl
sed -nE '1s/.*"loss":([^,]*),.*"sft_loss":([^,]*),.*/\1 \2/p' anchored/metrics.jsonl |
    awk '{ print ($1 - 0.5 * $2 - log(2)) ^ 2 < 1e-10 ? "adds up" : $0 }'
grep SFT anchored/README.md
rm anchored/README.md
train -o anchored --sft-weight 0.25 --resume; echo $?
train -o negative --sft-weight -1; echo $?
