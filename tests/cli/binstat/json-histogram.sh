binstat --json --histogram in.jsonl
