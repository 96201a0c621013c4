likert2bin --up 4-5 --down 1-4 in.jsonl
