command -v jq >/dev/null || { echo "no jq"; exit 77; }
. "$ROOT/tests/cli/classifier.sh"
classifier rm
try() { bco-judge "$@"; echo "exit $?"; }
p() { for c; do echo "{\"prompt\":\"${c%%=*}\",\"completion\":\"${c#*=}\"}"; done; }
p 'How do I reset my clock?=To reset the clock, hold its power button.' 'Hi=No.' >a
p 'How do I reset my clock?=No.' 'Hi=Yes.' >b
try --reward-model "$ROOT/examples/demo/model" a b
try --reward-model no-such-model a b
try --reward-model rm --max-length 300 a b
# An answer over the limit: no verdict, an error, or cut.
try --reward-model rm --one-order --max-length 16 --overlong drop a b | sed -E 's/,"score_a.*/.../'
try --reward-model rm --one-order --max-length 16 --overlong error a b
try --reward-model rm --one-order --max-length 16 --overlong error --rejects bad a b | sed -E 's/,"score_a.*/.../'
cat bad
try --reward-model rm --one-order --max-length 16 a b | sed -E 's/,"score_a.*/.../'
# Messages need a template; what is no message is a bad record.
echo '{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"Yes."}]}' >m
echo '{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"No, I do not."}]}' >n
try --reward-model rm m n
printf '%s' '{% for m in messages %}{{ m.content }} {% endfor %}' >plain.jinja
try --reward-model rm --chat-template plain.jinja --one-order m n | sed -E 's/(-?[0-9]+\.[0-9]{3})[0-9]*/\1/g'
sed 's/"content":"Yes."/"text":"Yes."/' m >x
try --reward-model rm --chat-template plain.jinja --one-order x n
try --reward-model rm --chat-template plain.jinja --one-order --rejects bad x n
# A prompt whose rendering alone is no prefix of the whole.
printf '%s' '{% for m in messages %}{{ m.content }} {% endfor %}{{ messages | length }}' >count.jinja
try --reward-model rm --chat-template count.jinja --one-order m n | cut -c 1-70
try --reward-model rm --chat-template count.jinja --strict-template --one-order m n
