binsplit --train a --valid b --test c in.jsonl
