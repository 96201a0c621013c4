printf '{"ids":[1,29]}\n{"ids":[1,99]}\n{"ids":[1.5]}\n' | bco-tokenize -m $ROOT/examples/data --decode --rejects bad.jsonl
cat bad.jsonl
