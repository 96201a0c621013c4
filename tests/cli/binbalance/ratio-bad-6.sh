binbalance --ratio=inf:1 in.jsonl
