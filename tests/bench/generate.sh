# bco-generate beside transformers' generate, 4.56.2: a model of SmolLM2-135M's shape with random weights, 32 prompts of 8 to
# 32 tokens, 64 new tokens each, greedy, batch 16, all cores; in f32, and the same weights stored in bf16 (bco-generate reads
# them as they are and computes in f32). Each is warmed up by two tokens a prompt: memory that nothing has used for a while
# can be slow at first. Both must give the same number of tokens; in f32 it is told how many are the same
# (random weights have near ties). Ours is the whole process, reading the model included; transformers' is its generate alone.
# $GENERATE_VENV: a virtual environment that has torch and transformers; BENCH_ROUNDS runs of each in turn, the best counts.
set -eu
rounds=${BENCH_ROUNDS:-2} parts=${BENCH_PARTS:-f32 bf16}
venv=${GENERATE_VENV:-$BUILD/long-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import torch, transformers' 2>/dev/null || "$venv/bin/pip" -q install torch transformers==4.56.2
mkdir -p shape
cp "$ROOT/tests/bench/smollm2-135m.json" shape/config.json
${CC:-cc} -O2 -std=c17 -o measure "$ROOT/tests/bench/measure.c" -lopenblas
awk 'function number() { seed = (seed * 69069 + 1) % 4294967296; return int(seed / 65536) }
function ids(count, text) { for (text = number() % 49152; count > 1; count--) text = text "," number() % 49152; return text }
BEGIN { for (i = 0; i < 32; i++) printf "{\"prompt_ids\":[%s]}\n", ids(8 + number() % 25) }' >prompts.jsonl
cat >theirs.py <<'END_OF_PYTHON'
import json, sys, time, torch, transformers
model, dtype = sys.argv[1:]
torch.set_num_threads(len(__import__("os").sched_getaffinity(0)))
net = transformers.AutoModelForCausalLM.from_pretrained(model, torch_dtype=dtype).eval()
prompts = [json.loads(line)["prompt_ids"] for line in open("prompts.jsonl")]
def generate(tokens):
    out = []
    for first in range(0, len(prompts), 16):
        batch = prompts[first : first + 16]
        longest = max(map(len, batch))
        ids = torch.tensor([[0] * (longest - len(p)) + p for p in batch])
        mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in batch])
        made = net.generate(input_ids=ids, attention_mask=mask, do_sample=False, min_new_tokens=tokens, max_new_tokens=tokens,
                            pad_token_id=0, eos_token_id=None)
        out += made[:, longest:].tolist()
    return out
with torch.inference_mode():
    generate(2)
    began = time.monotonic()
    out = generate(64)
    seconds = time.monotonic() - began
json.dump(out, open("theirs.json", "w"))
print("%.3f" % seconds)
END_OF_PYTHON
cat >same.py <<'END_OF_PYTHON'
import json
ours = [json.loads(line)["completion_ids"] for line in open("ours.jsonl")]
theirs = json.load(open("theirs.json"))
total, same = sum(map(len, theirs)), 0
assert [len(x) for x in ours] == [len(x) for x in theirs], "the numbers of tokens differ"
for a, b in zip(ours, theirs):
    for x, y in zip(a, b):
        if x != y: break
        same += 1
print("%d tokens each; up to the first difference in each completion %d are the same" % (total, same))
END_OF_PYTHON

echo '{"prompt_ids":[1,2],"completion_ids":[3]}' |
    bco-train -q -m shape --ids --init random --loss sft --lr 0 --steps 1 -o f32

# least A B
least() {
    awk -v a="${1:-1e9}" -v b="$2" 'BEGIN { print a + 0 < b + 0 ? a : b }'
}
# tell NAME SECONDS
tell() {
    echo "$1: $2 s, $(awk -v s="$2" 'BEGIN { printf "%.0f", 2048 / s }') tokens/s"
}
for dtype in $parts; do
    name=float32 ours='' theirs='' loading='' all='' all_theirs=''
    [ "$dtype" = f32 ] || name=bfloat16
    [ -d "$dtype" ] || "$venv/bin/python" -c 'import sys, torch, transformers
transformers.AutoModelForCausalLM.from_pretrained("f32", torch_dtype=torch.bfloat16).save_pretrained("bf16")' 2>theirs.err
    head -n 1 prompts.jsonl >prompt.jsonl
    for round in $(seq "$rounds"); do
        # shellcheck disable=SC2046
        set -- $(./measure run bco-generate -q -m "$dtype" --ids --greedy --ignore-eos --max-new-tokens 1 -o one.jsonl prompt.jsonl)
        loading=$(least "$loading" "$1")
        bco-generate -q -m "$dtype" --ids --greedy --ignore-eos --max-new-tokens 2 -o two.jsonl prompts.jsonl
        # shellcheck disable=SC2046
        set -- $(./measure run bco-generate -q -m "$dtype" --ids --greedy --ignore-eos --max-new-tokens 64 -o ours.jsonl prompts.jsonl)
        ours=$(least "$ours" "$1") peak=$2 all="$all $1"
        seconds=$("$venv/bin/python" theirs.py "$dtype" "$name" 2>theirs.err) || { cat theirs.err; exit 1; }
        theirs=$(least "$theirs" "$seconds") all_theirs="$all_theirs $seconds"
    done
    tell "bco-generate, weights in $dtype" "$ours"
    echo "  rounds:$all s; peak RSS $peak MiB; reading the model and one token: $loading s"
    tell "transformers, $dtype" "$theirs"
    echo "  rounds:$all_theirs s"
    echo "  ratio $(awk -v a="$theirs" -v b="$ours" 'BEGIN { printf "%.1f", a / b }'); $("$venv/bin/python" same.py)"
done
