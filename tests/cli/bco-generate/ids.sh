[ -n "${SHARED-}" ] || { echo "no shared folder"; exit 77; }
M=$SHARED/golden/models/llama-gqa-tied
sed 's/.*"greedy":{"prompt":\(\[[^]]*\]\),"ids":\(\[[^]]*\]\).*/{"prompt_ids":\1,"completion_ids":\2,"finish":"length"}/' "$M/golden.json" >want
sed 's/,"completion_ids.*/}/' want | bco-generate -q -m "$M" --ids --greedy --ignore-eos --max-new-tokens 24 >got
grep -c prompt_ids want
cmp want got
