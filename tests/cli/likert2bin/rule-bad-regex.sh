likert2bin --reject 'prompt~(' in.jsonl
