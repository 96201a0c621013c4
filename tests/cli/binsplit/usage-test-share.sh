binsplit --train a --valid b --test-share 0.1 in.jsonl
