echo '{"prompt":["Hi"],"response":"a","rating":5}' | likert2bin
