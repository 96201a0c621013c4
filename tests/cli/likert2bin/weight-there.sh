# Weights that are there are multiplied; the sums are equal and the mean is 1.
cat >in.jsonl <<'END'
{"prompt":"p","response":"a","rating":5,"weight":2}
{"prompt":"p","response":"b","rating":1}
{"prompt":"q","response":"c","weight":3.0,"rating":1}
{"prompt":"q","response":"d","rating":2}
END
likert2bin --balance weight in.jsonl
