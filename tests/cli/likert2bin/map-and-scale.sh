printf '{"prompt":"p","response":"a","rating":5}\n{"prompt":"p","response":"b","rating":"n/a"}\n{"prompt":"p","response":"c","rating":2}\n' |
    likert2bin --map n/a=drop --scale 1-5
