# Without case, blanks outside; true, false, null and numbers are words.
cat >in.jsonl <<'END'
{"prompt":"p","response":"a","rating":" GOOD"}
{"prompt":"p","response":"b","rating":"bad"}
{"prompt":"p","response":"c","rating":true}
{"prompt":"p","response":"d","rating":false}
{"prompt":"p","response":"e","rating":null}
{"prompt":"p","response":"f","rating":1.0}
{"prompt":"p","response":"g","rating":"so so"}
END
likert2bin --balance none --map 'Good=up,Bad=down,true=up,false=down,null=drop,1=up,So So=drop' in.jsonl
