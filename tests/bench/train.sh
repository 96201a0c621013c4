# bco-refcache and bco-train as whole processes on a model of SmolLM2-135M's shape with random weights, --max-length 512:
# their speed as a share of the matrix product's (f32, then bf16), counting 2 x parameters x tokens for reference log-probs and 6 x
# for training, and their peak RSS. Marks: 60 %, 50 %, and 16 bytes a parameter + 600 MiB.
set -eu
records=${BENCH_RECORDS:-16}
parameters=134515008
mkdir -p shape
cp "$ROOT/tests/bench/smollm2-135m.json" shape/config.json
onednn=$(bco-train --version | sed -n 's/.*oneDNN.*/-DBCO_ONEDNN -ldnnl/p')
# shellcheck disable=SC2086
${CC:-cc} -O2 -std=c17 -o measure "$ROOT/tests/bench/measure.c" -lopenblas $onednn

# Prompts of 60 to 250 tokens, completions of 60 to 260.
awk -v n="$records" 'function number() { seed = (seed * 69069 + 1) % 4294967296; return int(seed / 65536) }
function ids(count, text) { for (text = number() % 49152; count > 1; count--) text = text "," number() % 49152; return text }
BEGIN { for (i = 0; i < n; i++)
    printf "{\"prompt_ids\":[%s],\"completion_ids\":[%s],\"label\":%s}\n", ids(60 + number() % 191), ids(60 + number() % 201),
        i % 2 ? "false" : "true" }' >records.jsonl
tokens=$(tr -cd ',[\n' <records.jsonl | awk -F, '{ t += NF - 2 } END { print t }')

echo '{"prompt_ids":[1,2],"completion_ids":[3]}' |
    bco-train -q -m shape --ids --init random --loss sft --lr 0 --steps 1 -o model
peak=$(./measure peak)
echo "f32 matrix product: $peak GFLOP/s; $records records, $tokens tokens"

# tell WHAT FLOP_A_PARAMETER_AND_TOKEN SECONDS RSS
tell() {
    awk -v what="$1" -v flop="$2" -v s="$3" -v rss="$4" -v t="$tokens" -v p=$parameters -v peak="$peak" 'BEGIN {
        g = flop * p * t / s * 1e-9
        printf "%s: %.1f s, %.0f tokens/s, %.1f GFLOP/s, %.0f %% of the product, peak RSS %.0f MiB (16 bytes a parameter + 600 MiB: %.0f)\n",
            what, s, t / s, g, 100 * g / peak, rss, 16 * p / 1048576 + 600 }'
}
# both PRECISION: reference log-probs and one epoch
both() {
    set -- "$1" $(./measure run bco-refcache -q -m model --ids --max-length 512 --precision "$1" -o "ref-$1.jsonl" records.jsonl)
    tell "bco-refcache, $1" 2 "$2" "$3"
    set -- "$1" $(./measure run bco-train -q -m model --ids --batch 8 --epochs 1 --precision "$1" -o "aligned-$1" "ref-$1.jsonl")
    tell "bco-train, $1" 6 "$2" "$3"
    tail -n 1 "aligned-$1/metrics.jsonl" | sed -E 's/.*"tokens_per_second":([0-9]+).*/the last step alone: \1 tokens\/s/'
}
both f32
echo "peak after: $(./measure peak) GFLOP/s"
[ "$onednn" ] && peak=$(./measure peak-bf16) || exit 0
echo "bf16 matrix product: $peak GFLOP/s"
both bf16
