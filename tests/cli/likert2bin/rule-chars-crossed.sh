likert2bin --min-chars 9 --max-chars 8 in.jsonl
