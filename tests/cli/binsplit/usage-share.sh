binsplit --train a --valid b --share 2 in.jsonl
