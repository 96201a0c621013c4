# Each first letter that a JSON value could have, and others.
printf '%s\n' 'not json' 'true story' 'false' 'null' 'nul' '12' '12 apples' '-' '"text"' '"cut' '[1]' 'hello' '<a>' '#' "{'a':1}" '{"a":1}}' >in.jsonl
printf 'caf\303\251 and a line that goes on and on, much longer than what a message can show\n' >>in.jsonl
printf 'caf\351\n' >>in.jsonl
printf 'tab\there\n' >>in.jsonl
likert2bin --balance none --rejects /dev/stdout -q -o out in.jsonl | sed 's/.*"reason"://'
