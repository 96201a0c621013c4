printf '{"prompt":"p","response":"a","rating":"%s!"}\n' aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | likert2bin --rating-regex '^((a+)+)$' 
