M=$ROOT/examples/demo/model
try() { bco-generate -q -m "$M" "$@"; echo "exit $?"; }
echo '{"text":"x"}' | try
echo '{"prompt":7}' | try
echo '{"prompt":[{"role":"user","content":"x"}]}' | try
awk 'BEGIN { printf "{\"prompt\":\""; for (i = 0; i < 300; i++) printf "x"; print "\"}" }' | try
echo '{"prompt_ids":[1,100000]}' | try --ids
echo '{"prompt_ids":[]}' | try --ids
echo '{"prompt":""}' | try --no-bos
try </dev/null
try --ids --text
try --ids --stop x
try --stop ''
try --top-p 1.5
try --no-such-option
echo 'How do I reset my printer?' | try
bco-generate </dev/null
echo "exit $?"
bco-generate -m no-such-folder </dev/null
echo "exit $?"
printf '%s\n' '{"prompt":7}' '{"prompt":"How do I reset my printer?"}' | try --greedy --rejects rejects
cat rejects
echo '{"prompt":"x"}' | bco-generate -q -m "$M" >/dev/full
echo "exit $?"
