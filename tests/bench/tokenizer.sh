# The library's tokenizers beside PyPI's `tokenizers`, on 20 MB of real texts (the shared records, again and again), on one
# thread and on all. $LONG_VENV: a virtual environment that has tokenizers.
set -eu
[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 0; }
venv=${LONG_VENV:-$BUILD/long-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import tokenizers' 2>/dev/null || "$venv/bin/pip" -q install tokenizers
${CC:-cc} -O2 -std=c17 -fopenmp -o bench "$ROOT/tests/bench/tokenizer.c" \
    $(PKG_CONFIG_PATH=$BUILD pkg-config --cflags --libs bco)
"$venv/bin/python" "$ROOT/tests/bench/tokenizer.py" texts texts "$SHARED"/data/*.zst
for mini in llama2-mini smollm2-mini; do
    mkdir "$mini"
    cp "$SHARED/golden/tokenizers/$mini.tokenizer.json" "$mini/tokenizer.json"
done
"$venv/bin/python" "$ROOT/tests/bench/tokenizer.py" compare ./bench texts ${BENCH_TOKENIZERS:-"$SHARED/tokenizers/gpt2" \
    "$SHARED/tokenizers/qwen2" "$SHARED/models/stories260K" "$SHARED/models/tinystories-656k" llama2-mini smollm2-mini}
