binbalance --ratio=1:2:3 in.jsonl
