likert2bin --drop 3-5 --up 4 in.jsonl
