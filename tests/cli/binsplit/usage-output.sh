binsplit --train a --valid b -o c in.jsonl
