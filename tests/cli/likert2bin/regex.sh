printf '{"prompt":"p","response":"a","rating":"Score: 5/5, fine"}\n{"prompt":"p","response":"b","rating":"Score: 2/5"}\n' |
    likert2bin --rating-regex 'Score: ([0-9.]+)/5' 
