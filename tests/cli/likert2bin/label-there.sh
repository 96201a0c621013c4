echo '{"prompt":"p","response":"a","rating":5,"label":true}' | likert2bin
