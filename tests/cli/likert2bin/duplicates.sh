# The first stays; another spelling of the same text is the same text.
cat >in.jsonl <<'END'
{"id":1,"prompt":"p","response":"a","rating":5}
{"id":2,"prompt":"p","response":"\u0061","rating":5}
{"id":3,"prompt":"p","response":"a","rating":4}
{"id":4,"prompt":"p","response":"b","rating":1}
{"id":5,"prompt":"p","response":"b","rating":1}
{"id":6,"prompt":"p","response":"c","rating":5}
{"id":7,"prompt":"p","response":"c","rating":2}
END
likert2bin --balance none in.jsonl
