#!/bin/sh
# bco-udm's weights against scikit-learn's logistic regression, within 1e-6. $LONG_VENV: a virtual environment that has it.
set -eu
venv=${LONG_VENV:-$BUILD/long-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import sklearn' 2>/dev/null || "$venv/bin/pip" -q install scikit-learn
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$venv/bin/python" "$ROOT/tests/long/udm.py" "$work"
