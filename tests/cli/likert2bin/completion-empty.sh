echo '{"prompt":"p","response":"","rating":5}' | likert2bin
