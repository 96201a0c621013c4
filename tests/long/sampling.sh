#!/bin/sh
# What temperature, top-k, top-p, min-p and the repetition penalty leave of random logits is what transformers' logits
# processors leave: the same tokens, the same probabilities. $LONG_VENV: a virtual environment that has transformers.
set -eu
venv=${LONG_VENV:-$BUILD/long-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import torch, transformers' 2>/dev/null || "$venv/bin/pip" -q install torch transformers==4.56.2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=$(PKG_CONFIG_PATH=$BUILD pkg-config --libs bco | sed 's/-lbco//')
# shellcheck disable=SC2086
${CC:-cc} -O1 -std=c17 -fopenmp -I"$ROOT/include" -I"$ROOT/lib" -o "$work/sampling" "$ROOT/tests/long/sampling.c" \
    "$BUILD/libbco.a" $flags -lm
"$venv/bin/python" "$ROOT/tests/long/sampling.py" "$work/sampling"
