binbalance --ratio=1:0 in.jsonl
