likert2bin no-such-file.jsonl
