M=$ROOT/examples/demo/model
cat >questions <<'END'
{"id":1,"prompt":"How do I reset my printer?","completion":"old","note":{"kept":[1]}}
{"id":2,"prompt":"Please tell me how to clean a lamp."}
END
bco-generate -m "$M" --greedy questions
bco-generate -q -m "$M" --greedy --max-new-tokens 5 questions
bco-generate -q -m "$M" --greedy questions -o greedy
bco-generate -q -m "$M" --greedy --stop ' button' --stop ' wipe' questions
bco-generate -q -m "$M" --temperature 0 questions | cmp - greedy && echo greedy
bco-generate -q -m "$M" -n 2 --seed 5 questions | cut -c 1-20
echo 'How can I lock the radio?' | bco-generate -q -m "$M" --greedy --text
bco-generate -q -m "$M" --greedy --ignore-eos --max-new-tokens 300 questions | sed 's/.*"finish"/"finish"/'
