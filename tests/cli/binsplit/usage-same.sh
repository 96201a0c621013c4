binsplit --train a --valid a in.jsonl || echo $?
binsplit --train a --valid "$PWD/./a" in.jsonl 2>&1 | sed "s|$PWD|here|;q"
binsplit --train a --valid b --rejects ./a in.jsonl 2>&1 | sed 1q
binsplit --train a --valid b --test b in.jsonl 2>/dev/null
