binstat --require '>1' in.jsonl
