likert2bin --keep prompt in.jsonl
