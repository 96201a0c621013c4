printf '{"completion_ids":[9],"prompt":"Hello","completion":"the"}\n' | bco-tokenize -q -m $ROOT/examples/data
