likert2bin --up four in.jsonl
