pair2bin --implicit-prompt --prompt q in.jsonl
