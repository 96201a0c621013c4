printf '{"prompt":"p","completion":"c","label":"True"}\n{"prompt":"p","completion":"c","label":true}\n' >in.jsonl; binstat --json --rejects r in.jsonl; cat r
