likert2bin --up 5-4 in.jsonl
