likert2bin --scale 5 in.jsonl
