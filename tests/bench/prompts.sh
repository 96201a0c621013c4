# What shared prompts gain: bco-refcache and bco-train as whole processes on a model of SmolLM2-135M's shape with random weights,
# on records of one prompt each $COMPLETIONS times, and on as many tokens whose prompts all differ in their first one; then on pairs;
# then training on shuffled records, and by shuffled prompts, $COMPLETIONS records a step.
set -eu
prompts=${BENCH_PROMPTS:-3} completions=${COMPLETIONS:-4}
mkdir -p shape
cp "$ROOT/tests/bench/smollm2-135m.json" shape/config.json
[ -x measure ] || ${CC:-cc} -O2 -std=c17 -o measure "$ROOT/tests/bench/measure.c" -lopenblas
[ -d model ] || echo '{"prompt_ids":[1,2],"completion_ids":[3]}' |
    bco-train -q -m shape --ids --init random --loss sft --lr 0 --steps 1 -o model

# records PROMPT_TOKENS COMPLETION_TOKENS SHARED PAIRS
records() {
    awk -v n="$prompts" -v k="$completions" -v p="$1" -v c="$2" -v shared="$3" -v pairs="$4" '
        function ids(first, count, seed, text) {
            for (text = first; count > 1; count--) { seed = (seed * 69069 + 1) % 4294967296; text = text "," int(seed / 65536) % 49152 }
            return text }
        BEGIN { for (i = 0; i < n; i++) for (j = 0; j < k; j++) {
            r = i * k + j
            prompt = "\"prompt_ids\":[" ids(shared ? i : r, p, i + 1) "]"
            if (!pairs) printf "{%s,\"completion_ids\":[%s],\"label\":%s}\n", prompt, ids(5, c, 100 + r), r % 2 ? "false" : "true"
            else printf "{%s,\"chosen_ids\":[%s],\"rejected_ids\":[%s]}\n", prompt, ids(5, c, 100 + r), ids(6, c, 900 + r) } }'
}
# timed NAME LOSS RECORDS: seconds of the cache and of training
timed() {
    rm -rf out
    cached=$(./measure run bco-refcache -q -m model --ids -o "$1.ref" "$3" | cut -d ' ' -f 1)
    trained=$(./measure run bco-train -q -m model --ids --loss "$2" --order given --batch 32 --lr 1e-6 -o out "$1.ref" | cut -d ' ' -f 1)
    echo "  $1: bco-refcache $cached s, bco-train $trained s"
    rm -rf out
}
for lengths in "200 50" "50 200"; do
    set -- $lengths
    echo "$prompts prompts of $1 tokens, $completions completions of $2 each"
    records "$1" "$2" 0 0 >apart.jsonl
    records "$1" "$2" 1 0 >shared.jsonl
    timed apart bco apart.jsonl
    timed shared bco shared.jsonl
done
echo "$((prompts * completions)) pairs: prompts of 150 tokens, completions of 75"
records 150 75 0 1 >pairs.jsonl
timed pairs dpo pairs.jsonl
echo "$((2 * prompts)) prompts of 200 tokens, $completions completions of 50 each, $completions records a step"
prompts=$((2 * prompts))
records 200 50 1 0 | bco-refcache -q -m model --ids -o steps.ref
for order in shuffle prompts; do
    seconds=$(./measure run bco-train -q -m model --ids --order $order --batch "$completions" --lr 1e-6 -o out steps.ref | cut -d ' ' -f 1)
    echo "  --order $order: bco-train $seconds s"
    rm -rf out
done
