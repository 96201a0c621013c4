cat >a.jsonl <<'EOF'
{"prompt":"p","response":"a","rating":5}
{"prompt":"q","response":"c",  "rating":2}
{"prompt":"p","response":"b","rating":3}
EOF
printf 'prompt,response,rating\nr,e,4\nq,"d\nd",2.0\nr,f,4\nr,g,9\n' >b.csv
likert2pair --ties error --rejects rejects -o out a.jsonl b.csv; echo "exit code $?"
cat out rejects
head -n 1 a.jsonl >c.jsonl
grep -v g,9 b.csv >d.csv
likert2pair -q --ties error -o none c.jsonl d.csv
