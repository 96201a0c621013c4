printf '{"prompt":"%s!","completion":"c","rating":1}\n' aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | likert2bin --keep 'prompt~^(a+)+$' 
