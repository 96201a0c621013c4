echo '{"prompt":"p","answer":"a","rating":5}' | likert2bin
