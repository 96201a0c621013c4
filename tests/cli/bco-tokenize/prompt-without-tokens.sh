mkdir model
echo '{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}' >model/tokenizer.json
printf '{"prompt":"a","completion":"a"}\n{"prompt":"b","completion":"a"}\n' | bco-tokenize -m model --no-eos
