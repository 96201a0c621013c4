binbalance --ratio=0x1:1 in.jsonl
