#!/bin/sh
# Folders that libbco writes (models of every family, in f32 and 16 bits, adapters, classifiers) are read by transformers and
# peft from PyPI, which must compute the golden values from them. $LONG_VENV: a virtual environment that has both.
set -eu
[ -n "${SHARED:-}" ] || SHARED=${BCO_SHARED:-$ROOT/../shared}
[ -d "$SHARED/golden/models" ] || { echo "no shared data"; exit 77; }
venv=${LONG_VENV:-$BUILD/long-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import torch, transformers, peft' 2>/dev/null ||
    "$venv/bin/pip" -q install torch transformers==4.56.2 peft==0.17.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-cc} -O1 -std=c17 -o "$work/resave" "$ROOT/tests/long/resave.c" \
    $(PKG_CONFIG_PATH=$BUILD pkg-config --cflags --libs bco)
mkdir "$work/out"
"$venv/bin/python" "$ROOT/tests/long/read_saved.py" "$work/resave" "$SHARED/golden/models" "$work/out"
