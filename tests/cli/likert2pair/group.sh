cat >in.jsonl <<'END'
{"prompt":"p1","response":"a","rating":5,"task":{"id":7}}
{"prompt":"p2","response":"b","rating":1,"task":{"id":7}}
END
likert2pair --group task.id in.jsonl
