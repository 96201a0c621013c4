# Another seed, other copies; the records before them are the same, and threads change nothing.
cat >in.jsonl <<'END'
{"id":1,"prompt":"p","response":"a","rating":5}
{"id":2,"prompt":"p","response":"b","rating":4}
{"id":3,"prompt":"q","response":"c","rating":1,"x":[1.0,1e400]}
{"id":4,"prompt":"q","response":"d","rating":5.0}
{"id":5,"prompt":"r","response":"e","rating":2}
END
for i in 6 7 8 9; do echo '{"id":'$i',"prompt":"r","response":"'$i'","rating":1}'; done >>in.jsonl
likert2bin -q --balance none in.jsonl >in.out
for seed in 0 1 2; do likert2bin -q --seed $seed in.jsonl >$seed.out; likert2bin -q -j 1 --seed $seed in.jsonl | cmp - $seed.out; head -n 9 $seed.out | cmp - in.out; tail -n 5 $seed.out | cut -c 1-7 | tr '\n' ' '; echo; done
