likert2bin </dev/null
