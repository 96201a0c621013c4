# The first of each level with the first of the next.
cat >in.jsonl <<'END'
{"prompt":"p","response":"a","rating":5,"src":"x","who":1}
{"prompt":"q","response":"a","rating":5}
{"prompt":"p","response":"b","rating":3,"src":"x","who":2}
{"prompt":"p","response":"c","rating":1.0,"src":"x","who":3}
{"prompt":"r","response":"c","rating":1}
{"prompt":"r","response":"d","rating":1}
{"prompt":"p","response":"d","rating":5,"src":"x","who":3}
END
likert2pair --pairs adjacent in.jsonl
