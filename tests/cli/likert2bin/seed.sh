# Another seed, other copies; the records before them are the same.
cat >in.jsonl <<'END'
{"id":1,"prompt":"p","response":"a","rating":5}
{"id":2,"prompt":"p","response":"b","rating":4}
{"id":3,"prompt":"q","response":"c","rating":1,"x":[1.0,1e400]}
{"id":4,"prompt":"q","response":"d","rating":5.0}
{"id":5,"prompt":"r","response":"e","rating":2}
END
likert2bin -q in.jsonl >zero; likert2bin -q --seed 1 in.jsonl >one; likert2bin -q --seed 1 -j 1 in.jsonl | cmp - one
head -n 5 one | cmp - zero 2>&1 | grep -c EOF; tail -n 1 zero; tail -n 1 one
