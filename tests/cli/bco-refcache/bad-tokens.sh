# What can be wrong between a tokenizer, a model and records.
D=$ROOT/examples/demo/model
try() { bco-refcache -q "$@" >out; echo "exit $?, $(wc -l <out) out"; }
echo '{"prompt":"Hi","completion":"Yes.","label":true}' >text
echo '{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"Yes."}],"label":true}' >messages
echo "# a prompt of no tokens"
printf '{%% if messages|length > 1 %%}x{%% endif %%}' >nothing.jinja
try -m "$D" --chat-template nothing.jinja messages
echo "# ids beyond the vocabulary"
echo '{"prompt_ids":[1,2],"completion_ids":[3,476],"label":true}' | try -m "$D" --ids
echo "# a vocabulary smaller than the embedding is legal, a larger one is not"
mkdir small && cp "$D"/* small && sed 's/"vocab_size": 476/"vocab_size": 480/' "$D/config.json" >small/config.json
rm small/model.safetensors
bco-train -q -m small -o wide --init random --loss sft --steps 1 text
try -m wide text
mkdir large && cp "$D"/* large && sed 's/"vocab_size": 476/"vocab_size": 400/' "$D/config.json" >large/config.json
rm large/model.safetensors
bco-train -q -m large -o narrow --init random --loss sft --steps 1 text
rm -rf narrow
echo '{"prompt_ids":[1,2],"completion_ids":[3],"label":true}' |
    bco-train -q -m large -o narrow --init random --loss sft --steps 1 --ids
cp "$D"/tokenizer* narrow
try -m narrow text
bco-generate -q -m narrow text
echo "exit $?"
echo "# no EOS"
mkdir no-eos && cp "$D"/* no-eos && rm no-eos/generation_config.json
sed '/eos_token/d' "$D/tokenizer_config.json" >no-eos/tokenizer_config.json
sed '/eos_token_id/d' "$D/config.json" >no-eos/config.json
try -m no-eos text
try -m no-eos --no-eos text
echo "# more tokens than the model's positions, or than asked for"
try -m "$D" --max-length 257 text
awk 'BEGIN { printf "{\"prompt\":\""; for (i = 0; i < 300; i++) printf "x"; print "\",\"completion\":\"y\",\"label\":true}" }' >long
try -m "$D" --overlong error long
try -m "$D" long
