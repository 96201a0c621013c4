echo '{"question":"p","response":"a","rating":5}' | likert2bin
