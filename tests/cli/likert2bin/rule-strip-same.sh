# Stripped texts are compared; one that is nothing but blanks is empty.
printf '{"prompt":"p","completion":"a","rating":5}\n{"prompt":" p","completion":"a ","rating":5}\n{"prompt":"p","completion":" \\n\\u3000","rating":1}\n' |
    likert2bin --balance none --strip --rejects bad.jsonl && cat bad.jsonl
