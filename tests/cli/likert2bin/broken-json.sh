printf '{"prompt":"p","response":"a","rating":5}\n{"prompt":"p","response":"b","rating":}\n' | likert2bin
