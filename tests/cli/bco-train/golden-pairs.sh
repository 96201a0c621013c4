# The golden traces of the losses of pairs, through the tools: references from bco-refcache, losses and norms within ten times what float32 costs.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
command -v jq >/dev/null || { echo "no jq"; exit 77; }
model=$SHARED/models/tinystories-656k
for loss in dpo ipo nca; do
    golden=$SHARED/golden/train/$loss.json
    jq -c '.records[] | {prompt_ids, chosen_ids, rejected_ids}' "$golden" | bco-refcache -q -m "$model" --ids |
        bco-train -q -m "$model" --ids --loss $loss --order given --lr 2e-4 --schedule constant --warmup 0 --batch 4 -o $loss
    for field in loss grad_norm; do
        jq -r ".max_difference_float32.$field.max_abs as \$d | .steps[] | [.$field, \$d] | @tsv" "$golden" >want
        jq -r ".$field" $loss/metrics.jsonl | paste - want |
            awk -v name="$loss $field" '{ room = 10 * $3; if (room < 1e-6 * $2) room = 1e-6 * $2
                off = $1 > $2 ? $1 - $2 : $2 - $1; good += off <= room }
                END { print name ": " good " of " NR " steps" }'
    done
done
