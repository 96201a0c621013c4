# Nothing goes out, not even to a pipe.
printf '{"prompt":"p","response":"a","rating":1}\n{"prompt":"p","response":"b","rating":2}\n' | likert2bin
