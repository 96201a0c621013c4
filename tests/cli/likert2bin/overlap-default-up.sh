likert2bin --down 1-5 in.jsonl
