likert2bin --map good in.jsonl
