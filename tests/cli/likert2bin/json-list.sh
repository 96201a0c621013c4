echo '[{"prompt":"p","response":"a","rating":5}, {"prompt":"p","response":"b","rating":1}]' | likert2bin
