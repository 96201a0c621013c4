echo '{"prompt":"p","response":"a","rating":"no score"}' | likert2bin --rating-regex 'Score: ([0-9.]+)/5' 
