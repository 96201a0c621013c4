binbalance --ratio=:1 in.jsonl
