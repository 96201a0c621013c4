# p: two ratings of one completion; q: two completions with one rating; r and s have both, s only with a dropped one.
cat >in.jsonl <<'END'
{"prompt":"p","response":"a","rating":5}
{"prompt":"p","response":"a","rating":4}
{"prompt":"q","response":"a","rating":5}
{"prompt":"q","response":"b","rating":5}
{"prompt":"r","response":"a","rating":2}
{"prompt":"r","response":"b","rating":1}
{"prompt":"s","response":"a","rating":5}
{"prompt":"s","response":"b","rating":3}
END
likert2bin --contrasted --drop 3 --balance none in.jsonl
