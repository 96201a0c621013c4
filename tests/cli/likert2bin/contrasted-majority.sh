# Contrast comes before conflicts: the votes of prompt q, which has one completion, do not count.
cat >in.jsonl <<'END'
{"prompt":"p","response":"a","rating":5}
{"prompt":"p","response":"a","rating":1}
{"prompt":"p","response":"a","rating":5}
{"prompt":"p","response":"b","rating":1}
{"prompt":"q","response":"a","rating":5}
{"prompt":"q","response":"a","rating":1}
{"prompt":"r","response":"a","rating":5}
{"prompt":"r","response":"b","rating":5}
{"prompt":"s","response":"a","rating":5}
{"prompt":"s","response":"a","rating":1}
{"prompt":"s","response":"b","rating":1}
END
likert2bin --contrasted --conflicts majority in.jsonl
