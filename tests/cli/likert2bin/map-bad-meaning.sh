likert2bin --map good=fine in.jsonl
