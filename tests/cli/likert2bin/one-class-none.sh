printf '{"prompt":"p","response":"a","rating":1}\n' | likert2bin --balance none
