binsplit --train a --valid a in.jsonl
