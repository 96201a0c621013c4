printf '%s\n' '{"group":"a model","win_rate":62.5,"low":50,"high":75,"length_controlled":{"win_rate":55,"low":null,"high":null}}' '{"group":3,"win_rate":0,"low":0,"high":12.5}' '{"group":"caf\u00e9\n`x`","win_rate":100,"low":90,"high":100}' >w.jsonl
bco-plot winrate --text w.jsonl
bco-plot winrate --ascii --width 90 <w.jsonl
bco-winrate -q --json "$ROOT/examples/data/judged.jsonl" >one.jsonl
bco-plot winrate --text one.jsonl
