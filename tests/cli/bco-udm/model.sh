# A model's embeddings, from texts and from ids; prompts are embedded once; threads and batches change nothing that can be seen.
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/models/tinystories-656k
awk 'BEGIN { split("cat dog bird fish tree", a); for (i = 0; i < 40; i++) { up = i % 2
    printf "{\"prompt\":\"%s the %s saw %d\",\"completion\":\" Yes.\",\"label\":%d}\n", up ? "Once upon a time" : "One day", a[i % 5 + 1], i % 8, up } }' >in.jsonl
bco-udm -m "$model" in.jsonl -o out.jsonl
grep -c '"weight"' out.jsonl
bco-udm -q -m "$model" -j 1 --batch-tokens 7 in.jsonl | sed -E 's/(\.[0-9]{3})[0-9]*/\1/' >a
sed -E 's/(\.[0-9]{3})[0-9]*/\1/' out.jsonl | cmp - a && echo same
awk 'BEGIN { for (i = 0; i < 30; i++) printf "{\"prompt_ids\":[3,%d],\"completion_ids\":[2],\"label\":%d}\n", 5 + i % 10, i % 3 == 0 }' |
    bco-udm -m "$model" --ids | grep -c weight
