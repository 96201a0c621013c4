bco-plot lengths --text "$ROOT/examples/data/records.jsonl"
printf '%s\n' '{"reward":1,"label":true}' '{"reward":2,"label":true}' '{"reward":-1,"label":false}' '{"reward":-1.5,"label":false}' >r.jsonl
bco-plot rewards --ascii --height 5 r.jsonl
bco-plot lengths --ascii --height 4 --width 50 "$ROOT/examples/data/pairs.jsonl"
