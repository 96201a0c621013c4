[ -n "${SHARED-}" ] || { echo "no shared models"; exit 77; }
M=$SHARED/golden/models/llama-seqcls
printf '%s\n' '{"prompt_ids":[3,4,7],"completion_ids":[5,6,2],"label":true}' '{"prompt_ids":[3,4],"chosen_ids":[5,6,2],"rejected_ids":[7,2]}' '{"prompt_ids":[1],"completion_ids":[9]}' >in.jsonl
bco-reward -m "$M" --ids in.jsonl | sed -E 's/(-?[0-9]+\.[0-9]{4})[0-9]*/\1/g'
bco-reward -m "$M" --ids --beta 0.5 in.jsonl
echo "exit $?"
