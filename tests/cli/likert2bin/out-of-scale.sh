printf '{"prompt":"p","response":"a","rating":5}\n{"prompt":"p","response":"b","rating":7}\n' | likert2bin
