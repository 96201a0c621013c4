echo '{"prompt":"p","response":"a","rating":1e400}' | likert2bin
