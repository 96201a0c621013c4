# A C program with a training loop and a loss of its own: the loss falls, and the model is one.
bco-refcache -q -m "$ROOT/examples/demo/model" "$ROOT/examples/data/records.jsonl" -o ref.jsonl
"$BUILD/examples/own-loss" "$ROOT/examples/demo/model" ref.jsonl out >steps
awk '{ loss[NR] = $4 } END { n = NR / 6; for (i = 1; i <= n; i++) { first += loss[i]; last += loss[NR + 1 - i] }
    print (last < first ? "the loss falls" : "the loss does not fall: " first " to " last) }' steps
bco-refcache -q -m out "$ROOT/examples/data/records.jsonl" | wc -l
"$BUILD/examples/own-loss" "$ROOT/examples/demo/model" no-such out2 2>&1 >steps | sed 's|^[^ ]*own-loss|own-loss|'
