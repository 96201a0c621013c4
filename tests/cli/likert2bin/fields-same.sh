likert2bin --prompt text --completion text in.jsonl
