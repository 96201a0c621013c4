# Log-probs in bf16 are no further from f32's than transformers' in bf16 are from the golden ones, family by family.
# $LONG_VENV: a virtual environment with torch and transformers.
set -eu
[ -n "${SHARED:-}" ] || SHARED=${BCO_SHARED:-$ROOT/../shared}
[ -d "$SHARED/golden/models" ] || { echo "no shared data"; exit 77; }
cd "$ROOT"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
BCO_SHARED=$SHARED "$BUILD/tests/unit/test_bf16" >"$work/ours.txt" 2>&1
grep -q 'gradient' "$work/ours.txt" || { grep SKIP "$work/ours.txt" | head -n 1; exit 77; }
venv=${LONG_VENV:-$BUILD/long-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import torch, transformers' 2>/dev/null || "$venv/bin/pip" -q install torch transformers==4.56.2
for folder in gemma3 gpt2 granite llama-gqa-tied mistral olmo2 phi3 qwen2 qwen3 smollm3; do
    set -- "$@" "$SHARED/golden/models/$folder"
done
"$venv/bin/python" "$ROOT/tests/long/bf16.py" "$@" 2>/dev/null >"$work/theirs.txt"
sed -n 's|^golden/models/\([^:]*\): .* differs by \([0-9.e-]*\) .*|\1 \2|p' "$work/ours.txt" | sort >"$work/sorted.txt"
sort "$work/theirs.txt" | join "$work/sorted.txt" - | awk '
    { print $1 ": " $2 " here, " $3 " in transformers"; n++; if ($2 > $3) bad = 1 }
    END { exit bad || n < 10 }'
