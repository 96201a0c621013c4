echo '{"prompt":"p","response":"a","rating":"NaN"}' | likert2bin
