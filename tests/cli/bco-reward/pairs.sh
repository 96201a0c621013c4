M=$ROOT/examples/demo/model
short() { sed -E 's/(-?[0-9]+\.[0-9]{3})[0-9]*/\1/g'; }
printf '%s\n' '{"prompt":"How do I reset my clock?","chosen":"To reset the clock, hold its power button for ten seconds.","rejected":"To clean the radio, wipe it with a dry cloth.","ref_logp_chosen":-1,"ref_logp_rejected":-2}' >p.jsonl
bco-reward -m "$M" p.jsonl | short
bco-reward -q -m "$M" --summary p.jsonl
bco-refcache -q -m "$M" p.jsonl | bco-reward -q -m "$M" --summary --json | short
