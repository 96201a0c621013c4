M=$ROOT/examples/demo/model
A=$ROOT/examples/data/adapter
ask() { echo '{"prompt":"How do I reset my printer?"}' | bco-generate -q --greedy --max-new-tokens 20 --logp "$@" | sed -E 's/(logp":-[0-9]+\.[0-9]{3})[0-9]*/\1/'; }
ask -m "$M"
ask -m "$M" -a "$A"
bco-merge -q -m "$M" -a "$A" -o merged
ask -m merged
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
B=$SHARED/golden/bad_models
for adapter in good-adapter adapter-dora adapter-ia3 adapter-other-model adapter-rank no-such-adapter; do
    echo '{"prompt_ids":[1,2]}' | bco-generate -q -m "$B/good" -a "$B/$adapter" --ids --max-new-tokens 3 | wc -l
done
