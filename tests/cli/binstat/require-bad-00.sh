binstat --require '' in.jsonl
