echo '{"prompt":"p","response":"a","stars":5}' | likert2bin
