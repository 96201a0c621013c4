likert2bin --scale 1..5 in.jsonl
