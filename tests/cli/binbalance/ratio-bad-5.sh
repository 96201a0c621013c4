binbalance --ratio=-1:1 in.jsonl
