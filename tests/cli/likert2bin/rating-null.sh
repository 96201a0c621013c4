echo '{"prompt":"p","response":"a","rating":null}' | likert2bin
