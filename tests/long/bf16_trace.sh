#!/bin/sh
# Eight steps of BCO, family by family, by bco-train and by transformers: in f32 they are the same; in bf16 bco-train's loss, rewards, delta,
# gradient norm and last log-probs are, over the families, no further from f32's than 1.25 times what transformers' are under autocast.
# $LONG_VENV: a virtual environment with torch and transformers.
set -eu
[ -n "${SHARED:-}" ] || SHARED=${BCO_SHARED:-$ROOT/../shared}
[ -d "$SHARED/golden/models" ] || { echo "no shared data"; exit 77; }
PATH=$BUILD/bin:$PATH
. "$ROOT/tests/cli/bf16_trace.bash"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf '{"prompt_ids":[3,4],"completion_ids":[5,2],"label":true}\n' | bco-refcache -m "$SHARED/golden/models/qwen3" --ids --precision bf16 2>&1 >/dev/null |
    grep 'f32 is used' && exit 77
venv=${LONG_VENV:-$BUILD/long-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import torch, transformers' 2>/dev/null || "$venv/bin/pip" -q install torch transformers==4.56.2
mkdir theirs f32
for family in gemma3 gpt2 granite llama-gqa-tied mistral olmo2 phi3 qwen2 qwen3 smollm3; do
    bf16_trace "$SHARED/golden/models/$family"
    "$venv/bin/python" "$ROOT/tests/long/bf16_trace.py" "$SHARED/golden/models/$family" records.jsonl theirs 2>/dev/null
    for what in metrics logps; do cp f32.$what f32/f32.$what && cp theirs/f32.$what f32/bf16.$what; done
    echo "$family $(bf16_differs) $(cd theirs && bf16_differs) $(cd f32 && bf16_differs)"
done >differences
awk '{ printf "%s: loss %s (transformers %s), rewards %s (%s), delta %s (%s), gradient %s (%s), log-probs %s (%s)\n", $1, $2, $7, $3, $8, $4, $9, $5, $10, $6, $11
        for (i = 2; i <= 6; i++) { ours[i] += $i; theirs[i] += $(i + 5) }
        for (i = 12; i <= 16; i++) if ($i > 2e-5) { print $1 " differs in f32: " $i; bad = 1 } }
    END { for (i = 2; i <= 6; i++) if (ours[i] > 1.25 * theirs[i]) { print "quantity " i - 1 ": " ours[i] " here, " theirs[i] " there"; bad = 1 }
        exit bad || NR < 10 }' differences
