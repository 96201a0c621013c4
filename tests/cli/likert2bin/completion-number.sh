echo '{"prompt":"p","response":5,"rating":5}' | likert2bin
