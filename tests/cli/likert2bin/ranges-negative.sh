cat >in.jsonl <<'END'
{"prompt":"p","response":"a","rating":-2}
{"prompt":"p","response":"b","rating":-1.5}
{"prompt":"p","response":"c","rating":-0.5}
{"prompt":"p","response":"d","rating":0}
{"prompt":"p","response":"e","rating":2}
END
likert2bin --balance none --scale -2-2 --down -2--1 --drop -0.5,0 --up 0.5-2 in.jsonl
