# bco beside TRL 0.23.1, transformers 4.56.2 and torch 2.8 from PyPI: whole processes, as many threads for both, on the first
# records of shared/data/tulu_human_eval.binary, with a model of SmolLM2-135M's shape (random weights, f32) and
# GPT-2's tokenizer cut to its vocabulary; batch 8, --max-length 512.
#   score   bco-refcache; transformers over padded batches of 8 sorted by length, sdpa
#   full    bco-refcache and one epoch of bco-train; TRL's BCOTrainer, which computes the reference as it goes
#   lora    the same with LoRA of rank 16 on all linear layers
# BENCH_TRL_RECORDS [128]: how many records.  BENCH_TRL_MODES: which of score, full, lora with -f32 or -bf16 [all].
# BENCH_TRL_SIDES [bco trl].  BENCH_TRL_VENV: a virtual environment that has the packages, or will be made.
# BENCH_TRL_FOLDER: what stays between calls, figures among it: what it has is not run again.
# BENCH_CHECKPOINTING [1, TRL's default]: 0 for TRL without gradient checkpointing: less work, more memory.
set -eu
[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 0; }
records=${BENCH_TRL_RECORDS:-128}
modes=${BENCH_TRL_MODES-score-f32 score-bf16 full-f32 full-bf16 lora-f32 lora-bf16}
sides=${BENCH_TRL_SIDES:-bco trl}
venv=${BENCH_TRL_VENV:-$BUILD/trl-venv}
export BENCH_THREADS="${BENCH_THREADS:-2}" BENCH_CHECKPOINTING="${BENCH_CHECKPOINTING:-1}"
cd "${BENCH_TRL_FOLDER:-.}"

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import trl, peft' 2>/dev/null ||
    "$venv/bin/pip" -q install --extra-index-url https://download.pytorch.org/whl/cpu torch==2.8.0 transformers==4.56.2 \
        trl==0.23.1 peft==0.17.1 scikit-learn joblib
[ -x measure ] || ${CC:-cc} -O2 -std=c17 -o measure "$ROOT/tests/bench/measure.c" -lopenblas
if [ ! -d model ]; then
    mkdir -p shape
    cp "$ROOT/tests/bench/smollm2-135m.json" shape/config.json
    "$venv/bin/python" "$ROOT/tests/bench/theirs.py" tokenizer "$SHARED" shape
    echo '{"prompt_ids":[1,2],"completion_ids":[3]}' |
        bco-train -q -m shape --ids --init random --loss sft --lr 0 --steps 1 -o model
fi
data=records-$records.jsonl
zstd -dc "$SHARED/data/tulu_human_eval.binary.jsonl.zst" | sed "${records}q" >"$data"

# figure SIDE MODE: "SECONDS MIB" of what ran, now or before
figure() {
    grep "^$1 $2 $records " figures 2>/dev/null | cut -d ' ' -f 4- | tail -n 1
}
# run SIDE MODE COMMAND...: adds its seconds and its peak to what SIDE MODE has
run() {
    run_side=$1 run_mode=$2
    shift 2
    new=$(./measure run "$@" 2>log) || { echo "$run_side $run_mode failed:" && tail -n 3 log && return 1; }
    echo "$(figure "$run_side" "$run_mode") $new" | awk -v key="$run_side $run_mode $records" '
        { s = NF > 2 ? $1 + $3 : $1; m = NF > 2 && $2 > $4 ? $2 : $NF; printf "%s %.2f %.0f\n", key, s, m }' >>figures
}
run_bco() {
    precision=${1#*-}
    limits="--max-length 512 --max-prompt 256 --precision $precision"
    rm -rf out
    run bco "$1" bco-refcache -q -m model $limits -o ref.jsonl "$data"
    case $1 in
    full-*) run bco "$1" bco-train -q -m model --batch 8 --precision "$precision" -o out ref.jsonl ;;
    lora-*) run bco "$1" bco-train -q -m model --batch 8 --precision "$precision" --lora 16 -o out ref.jsonl ;;
    esac
}
run_trl() {
    precision=${1#*-}
    rm -rf out
    case $1 in
    score-*) run trl "$1" "$venv/bin/python" "$ROOT/tests/bench/theirs.py" score model "$data" ref.trl.jsonl "$precision" ;;
    full-*) run trl "$1" "$venv/bin/python" "$ROOT/tests/bench/theirs.py" train model "$data" out "$precision" ;;
    lora-*) run trl "$1" "$venv/bin/python" "$ROOT/tests/bench/theirs.py" train model "$data" out "$precision" 16 ;;
    esac
}
# Asked: score 2 x in both; full 2 x in f32, 2.5 x in bf16, at most 45 % of the memory; lora 2.5 x and 25 %.
tell() {
    echo "$1 $(figure bco "$1") $(figure trl "$1")" | awk '
        BEGIN { speed["score-f32"] = speed["score-bf16"] = speed["full-f32"] = 2; speed["full-bf16"] = 2.5
            speed["lora-f32"] = speed["lora-bf16"] = 2.5
            memory["full-f32"] = memory["full-bf16"] = 45; memory["lora-f32"] = memory["lora-bf16"] = 25 }
        NF == 5 { printf "%-10s bco %6.1f s %5d MiB   TRL %6.1f s %5d MiB   %.2f x (asked %.1f), %.0f %% of the memory", $1,
            $2, $3, $4, $5, $4 / $2, speed[$1], 100 * $3 / $5
            if (memory[$1]) printf " (asked %d)", memory[$1]
            print "" }
        NF == 3 { printf "%-10s one side alone: %6.1f s %5d MiB\n", $1, $2, $3 }'
}
echo "$records records, $BENCH_THREADS threads"
for mode in $modes; do
    for side in $sides; do
        [ -n "$(figure "$side" "$mode")" ] || "run_$side" "$mode" || true
    done
    tell "$mode"
done
