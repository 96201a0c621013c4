likert2bin --map good=up,Good=down in.jsonl
