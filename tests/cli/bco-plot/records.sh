bco-plot lengths --text "$ROOT/examples/data/records.jsonl"
printf '%s\n' '{"reward":1,"label":true}' '{"reward":2,"label":true}' '{"reward":-1,"label":false}' '{"reward":-1.5,"label":false}' >r.jsonl
bco-plot rewards --ascii --height 5 r.jsonl
bco-plot lengths --ascii --height 4 --width 50 "$ROOT/examples/data/pairs.jsonl"
echo '{"n":8,"reliability":[{"p":0.05,"up":0},{"p":null,"up":null},{"p":0.25,"up":0.4},{"p":0.95,"up":0.9}]}' | bco-plot reliability --ascii --height 6 --width 50
echo '{"n":8}' | bco-plot reliability --text
echo "exit $?"
