# usage: bf16_trace MODEL: eight steps of BCO in f32 and in bf16, each with references of its own precision, from records.jsonl,
# which it makes. Leaves f32.metrics and bf16.metrics, a line a step: loss, both rewards, delta, the gradient's norm; and
# f32.logps and bf16.logps, a line a record: its log-prob a token under the model that was trained.
bf16_trace() {
    awk 'BEGIN { seed = 7
        for (i = 0; i < 32; i++) {
            text = ""
            for (k = 0; k < 18; k++) {
                seed = (seed * 69069 + 1) % 4294967296
                text = text (k == 0 ? "{\"prompt_ids\":[" : k == 6 ? "],\"completion_ids\":[" : ",") 3 + int(seed / 65536) % 300
            }
            printf "%s],\"label\":%s}\n", text, i % 2 ? "false" : "true" } }' >records.jsonl
    for precision in f32 bf16; do
        rm -rf trained
        bco-refcache -q -m "$1" --ids --precision $precision -o ref.jsonl records.jsonl
        bco-train -q -m "$1" --ids --precision $precision --order given --batch 8 --steps 8 --lr 1e-3 --schedule constant --warmup 0 \
            --shift-decay 0.9 -o trained ref.jsonl
        jq -r '[.loss, ."rewards/chosen", ."rewards/rejected", .delta, .grad_norm] | @tsv' trained/metrics.jsonl >$precision.metrics
        bco-refcache -q -m trained --ids --precision $precision records.jsonl | jq .ref_logp/12 >$precision.logps
    done
}

# usage: bf16_differs: the root mean square of what differs: loss, rewards (beta 0.1, sums over 12 tokens), delta, the gradient's norm
# as a share of it, log-probs a token.
bf16_differs() {
    paste f32.metrics bf16.metrics | awk '{ loss += ($6 - $1) ^ 2; rewards += (($7 - $2) ^ 2 + ($8 - $3) ^ 2) / 2
        delta += ($9 - $4) ^ 2; norm += ($10 / $5 - 1) ^ 2 }
        END { printf "%.3g %.3g %.3g %.3g ", sqrt(loss / NR), sqrt(rewards / NR), sqrt(delta / NR), sqrt(norm / NR) }'
    paste f32.logps bf16.logps | awk '{ sum += ($2 - $1) ^ 2 } END { printf "%.3g\n", sqrt(sum / NR) }'
}
