echo '{"prompt":"p","text":"a","completion":"b","rating":5}' | likert2bin --completion text
