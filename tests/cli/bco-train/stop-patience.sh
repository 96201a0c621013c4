# Labels turned round in the validation records: their loss rises from the first evaluation on.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
for i in 1 2 3 4 5 6; do
    printf '{"prompt_ids":[3,%d],"completion_ids":[5,%d,2],"label":%s}\n' $i $((i + 9)) $([ $i -le 3 ] && echo true || echo false)
done | bco-refcache -q -m "$model" --ids -o ref.jsonl
sed 's/true/x/; s/false/true/; s/x/false/' ref.jsonl >turned.jsonl
train() { bco-train -q -m "$model" --ids --lr 1e-3 --batch 3 --schedule constant --warmup 0 --eval-every 2 "$@" ref.jsonl; }
steady() { sed -E 's/,"(eval_)?(seconds|tokens_per_second)":[^,}]*//g' "$1/metrics.jsonl"; }

train --valid turned.jsonl --steps 40 --stop-patience 3 --save-every 1 --keep 50 -o stopped
grep -c '"loss"' stopped/metrics.jsonl
grep -c eval_loss stopped/metrics.jsonl
ls stopped/checkpoints | tail -n 1
grep -e '^| steps' -e 'weights kept' stopped/README.md
sed -nE 's/.*"step":2,"eval_loss":([^,]*),.*/| loss | \1 |/p' stopped/metrics.jsonl >best
grep -c -x -F -f best stopped/README.md
train --steps 2 -o short && cmp stopped/model.safetensors short/model.safetensors && echo "the best weights"

card() { grep -v '^bco-train ' "$1/README.md"; }
echo "resumed:"
cp -r stopped cut && rm cut/README.md cut/model.safetensors cut/checkpoints/step-000000000[678].bco
train --valid turned.jsonl --steps 40 --stop-patience 3 --save-every 1 --keep 50 --resume -o cut
cmp stopped/model.safetensors cut/model.safetensors && card stopped >one && card cut >two && cmp one two
steady stopped >one && steady cut >two && cmp one two && echo the same
rm cut/README.md
train --valid turned.jsonl --steps 40 --stop-patience 4 --resume -o cut; echo $?
train --valid ref.jsonl --steps 40 --stop-patience 3 --resume -o cut 2>err; echo $?
cut -d: -f1-3 err

echo "to the end:"
train --valid ref.jsonl --steps 6 --stop-patience 3 -o whole
train --steps 6 -o plain && cmp whole/model.safetensors plain/model.safetensors && grep 'weights kept' whole/README.md
train --steps 6 --stop-patience 3 -o nothing; echo $?
