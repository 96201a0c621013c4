# A NUL is a character like others: these two differ.
printf '{"prompt":"p","response":"a\\u0000b","rating":5}\n{"prompt":"p","response":"a\\u0000c","rating":1}\n' | likert2bin
