# Log-probs and gradients of a model of SmolLM2-135M's shape with random weights, beside the machine's own limits:
# tokens a second, and the share of the matrix product's speed, counting 2 x parameters x tokens for log-probs and
# 6 x for gradients (the output projection counted for every token, though only completions have it).
set -eu
mkdir -p model
cp "$ROOT/tests/bench/smollm2-135m.json" model/config.json
${CC:-cc} -O2 -std=c17 -fopenmp -o bench "$ROOT/tests/bench/model.c" \
    $(PKG_CONFIG_PATH=$BUILD pkg-config --cflags --libs bco) -lopenblas
./bench model
