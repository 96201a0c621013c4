# Records with the keys of the one before take a shorter way: what comes of them is the same.
cat >in.jsonl <<'END'
{"prompt": "p1", "response": "r", "rating": 5}
{"prompt": "p2", "response": " r ", "rating": 1}
{"prompt": "p3", "response": [ {"role": "user", "content": "r"} ], "rating": "4"}
{"prompt": "p4", "response": "", "rating": 5}
{"prompt": "p5", "response": "\u00e9", "rating": 6}
{"rating": 2, "response": "r", "prompt": "p6"}
{"rating": 5, "response": "r", "prompt": "p7"}
{"rating": 5, "response": "x", "completion": "r", "weight": 2, "prompt": "p8"}
{"rating": 3, "response": "x", "completion": "r", "weight": 0.50, "prompt": "p9"}
{"rating": 3, "response": "x", "completion": "r", "weight": -1, "prompt": "p10"}
{"rating": 3, "response": "x", "prompt": "p11"}
{"rating": 3, "response": 7, "prompt": "p12"}
{"rating": 3, "response": "x", "label": true, "prompt": "p13"}
{"rating": 3, "response": "x", "label": true, "prompt": "p14"}
{"response": "x", "prompt": "p15"}
{"response": "x", "prompt": "p16"}
{"rating": 1, "response": "x", "prompt": "p17"}
END
likert2bin --strip --balance none --rejects bad.jsonl in.jsonl
cat bad.jsonl
printf '%s\n' '{"a":"p","prompt":"c","label":5}' '{"a":"q","prompt":"d","label":1}' |
    likert2bin -q --prompt a --completion prompt --rating label --balance none
