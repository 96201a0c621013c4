pair2bin --chosen x --a y in.jsonl
