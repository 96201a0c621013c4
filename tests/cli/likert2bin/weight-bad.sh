echo '{"prompt":"p","response":"a","rating":5,"weight":-1}' | likert2bin --balance weight
