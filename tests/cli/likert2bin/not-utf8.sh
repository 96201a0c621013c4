printf '{"prompt":"p\377","response":"b","rating":1}\n' | likert2bin
