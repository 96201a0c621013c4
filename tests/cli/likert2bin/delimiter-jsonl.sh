likert2bin --format jsonl --delimiter ';' in.jsonl
