# The reference is the model with the adapter: ref_id's weights part tells them apart.
M=$ROOT/examples/demo/model
A=$ROOT/examples/data/adapter
echo '{"prompt":"How do I reset my printer?","completion":"Hold it.","label":true}' >record
bco-refcache -m "$M" --store store record >plain
bco-refcache -m "$M" -a "$A" --store store record >adapted
bco-refcache -m "$M" --adapter="$A" --store store record >again
cmp adapted again
sed 's/.*"ref_id":"\([0-9a-f]*\)-\([0-9a-f]*\).*/\1/' plain adapted again | uniq -c | sed 's/[0-9a-f]*$/weights/'
bco-train -q -m "$M" -o out --steps 1 adapted 2>&1 | sed 's/[0-9a-f]\{8\}/HASH/g'
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
B=$SHARED/golden/bad_models
for adapter in good-adapter adapter-dora adapter-ia3 adapter-other-model adapter-rank no-such-adapter; do
    echo '{"prompt_ids":[1,2],"completion_ids":[3],"label":true}' |
        bco-refcache -q -m "$B/good" -a "$B/$adapter" --ids | wc -l
done
