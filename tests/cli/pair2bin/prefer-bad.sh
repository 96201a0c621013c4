pair2bin --prefer a=c in.jsonl
