cat >in.jsonl <<'END'
{"id":1,"prompt":"p","response":"a","rating":5}
{"id":2,"prompt":"p","response":"b","rating":4}
{"id":3,"prompt":"q","response":"c","rating":1,"x":[1.0,1e400]}
{"id":4,"prompt":"q","response":"d","rating":5.0}
{"id":5,"prompt":"r","response":"e","rating":2}
END
likert2bin --up 5 --down 1-3 in.jsonl >out
