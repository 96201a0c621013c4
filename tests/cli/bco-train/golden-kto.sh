# The golden traces of kto through the tools: pairing and references from bco-refcache, z, losses and norms within ten times what float32 costs.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
command -v jq >/dev/null || { echo "no jq"; exit 77; }
model=$SHARED/models/tinystories-656k
for name in kto kto_clamp; do
    golden=$SHARED/golden/train/$name.json
    jq -c '.records as $r | .steps[].records[] | $r[.] | {prompt_ids, completion_ids, "label": .label}' "$golden" |
        bco-refcache -q -m "$model" --ids --kto --kto-batch 8 | bco-train -q -m "$model" --ids --loss kto --order given \
        --lr 2e-4 --schedule constant --warmup 0 --batch 8 --up-weight 1.5 -o $name
    for field in loss kl_mean grad_norm; do
        jq -r ".max_difference_float32.$field.max_abs as \$d | .steps[] | [([.$field] | flatten | .[0]), \$d] | @tsv" "$golden" >want
        jq -r ".${field%kl_mean}$([ $field = kl_mean ] && echo z)" $name/metrics.jsonl | paste - want |
            awk -v name="$name $field" '{ if ($2 < 0 && name ~ /kl/) $2 = 0; room = 10 * $3; if (room < 1e-6 * $2) room = 1e-6 * $2
                off = $1 > $2 ? $1 - $2 : $2 - $1; good += off <= room }
                END { print name ": " good " of " NR " steps" }'
    done
done
