printf '{"prompt":"p","response":"a","rating":5}\n{"prompt":"p","response":"b","rating":1}\n' >in.jsonl
likert2bin --up 6 in.jsonl; echo "exit code $?"
likert2bin --drop 0,4,7-9 -o out in.jsonl
likert2bin --up 4-9 -o out in.jsonl
likert2bin --map 5=up,1=down --drop 7 -o out in.jsonl
likert2bin -q --up 6 --balance none in.jsonl
