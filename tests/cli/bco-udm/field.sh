# Weights from a field: downs alone get one, times the one they have; a prompt that only downs have is cut to the least.
awk 'BEGIN { for (i = 0; i < 60; i++) { up = i % 3 == 0
    printf "{\"prompt\":\"p%d\",\"completion\":\"c\",\"label\":%s,\"e\":[%d,%d]%s}\n", i, up ? "true" : "false",
        up ? 10 + i % 7 : 6 + i % 9, i % 4, i == 1 ? ",\"weight\":2" : i == 3 ? ",\"weight\":3,\"x\":[1.0]" : "" } }' >in.jsonl
bco-udm --embedding e in.jsonl -o out.jsonl
head -n 5 out.jsonl | sed -E 's/("weight":[0-9]+\.[0-9]{4})[0-9]*/\1/'
bco-udm -q --embedding e --clip 0.9:1.1 in.jsonl | grep -o '"weight":[0-9.]*' | sort -u | cut -c 1-13
# Order does not matter beyond rounding, and equal runs give equal bytes.
bco-udm -q --embedding e in.jsonl | cmp - out.jsonl && echo same
sort -r in.jsonl | bco-udm -q --embedding e | sort | sed -E 's/(\.[0-9]{6})[0-9]*/\1/' >a
sort out.jsonl | sed -E 's/(\.[0-9]{6})[0-9]*/\1/' | cmp - a && echo same
