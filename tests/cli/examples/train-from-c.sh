# A C program that trains through the public headers alone.
"$BUILD/examples/train-from-c" "$ROOT/examples/demo/model" "$ROOT/examples/data/records.jsonl" out | cut -d: -f1
ls out out/model
bco-refcache -q -m out/model "$ROOT/examples/data/records.jsonl" | wc -l
