# A processor that oneDNN takes for one without bf16: said, and f32 used, to the last bit.
. "$ROOT/tests/cli/tiny_model.bash"
tiny_model m
echo '{"prompt_ids":[3,4],"completion_ids":[5,6,2]}' >raw.jsonl
bco-refcache --version | grep -q oneDNN || { echo "no oneDNN"; exit 77; }
DNNL_MAX_CPU_ISA=AVX2 bco-refcache -m m --ids --precision bf16 raw.jsonl -o as-f32.jsonl
bco-refcache -q -m m --ids raw.jsonl -o f32.jsonl
cmp as-f32.jsonl f32.jsonl && echo the same
