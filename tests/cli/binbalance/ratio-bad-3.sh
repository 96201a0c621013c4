binbalance --ratio=a:b in.jsonl
