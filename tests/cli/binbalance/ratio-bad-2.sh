binbalance --ratio=0:1 in.jsonl
