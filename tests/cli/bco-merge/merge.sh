M=$ROOT/examples/demo/model
A=$ROOT/examples/data/adapter
bco-merge -m "$M" -a "$A" -o one
mkdir two
bco-merge -q -j 1 -m "$M" -a "$A" -o two/
for type in f32 bf16 f16; do bco-merge -m "$M" -a "$A" -o "$type" --dtype "$type"; done
ls one
cmp one/model.safetensors two/model.safetensors && cmp one/model.safetensors f32/model.safetensors
for type in f32 bf16 f16; do
    grep dtype "$type/config.json"
    wc -c <"$type/model.safetensors"
done
# What was merged answers as the adapter does.
echo '{"prompt":"How do I reset my printer?","completion":"Hold it.","label":true}' >record
bco-refcache -q -m "$M" -a "$A" record | sed 's/,"ref_id.*//' >adapted
bco-refcache -q -m one record | sed 's/,"ref_id.*//' >merged
bco-refcache -q -m "$M" record | sed 's/,"ref_id.*//' >plain
cmp adapted merged && ! cmp -s adapted plain && echo "as the adapter"
ls -A
