# A record without the field does not match.
cat >in.jsonl <<'END'
{"prompt":"What?","text":"  An answer.\u00a0\n","stars":5,"lang":"en","n":12}
{"prompt":"What?","text":"Une r\u00e9ponse.","stars":4,"lang":"fr"}
{"prompt":"Why?","text":"No.","stars":1,"lang":"en","n":null}
{"prompt":"How?","text":"As an AI language model, I cannot.","stars":2,"n":[1, 2]}
END
likert2bin --balance none --completion text --rating stars --keep 'lang~^(en|de)$' in.jsonl
