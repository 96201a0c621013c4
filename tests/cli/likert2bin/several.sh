echo '{"prompt":"p","response":"a","rating":5}' >one.jsonl; printf 'prompt,response,rating\np,b,1\n' >two.csv; zstd -q two.csv
likert2bin one.jsonl two.csv.zst
