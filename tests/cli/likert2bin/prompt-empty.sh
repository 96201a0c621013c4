echo '{"prompt":"","response":"a","rating":5}' | likert2bin
