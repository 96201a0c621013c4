binstat --require '(records>1' in.jsonl
