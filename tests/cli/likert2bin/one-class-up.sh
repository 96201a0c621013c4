printf '{"prompt":"p","response":"a","rating":5}\n' | likert2bin --balance weight
