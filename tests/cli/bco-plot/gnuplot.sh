# Nothing that users wrote runs, and all of it is in the picture as it is.
command -v gnuplot >/dev/null || { echo "no gnuplot"; exit 77; }
awk 'BEGIN { for (i = 1; i <= 20; i++) printf "{\"step\":%d,\"loss\":%g,\"delta\":%g}\n", i, 1 / i, -i }' >m.jsonl
evil="x'; system('touch pwned') ; \`touch pwned\` @touch \"y\" {^a}_b <&>"
cp m.jsonl "$evil.jsonl"
bco-plot metrics -o m.svg --title "$evil" m.jsonl "$evil.jsonl"
ls
grep -c '<svg' m.svg
sed -n 's/.*<text>\(.*\)<\/text>.*/\1/p' m.svg | grep -E 'loss|step|touch|delta' | sort -u
printf '%s\n' '{"group":"it'"'"'s","win_rate":62.5,"low":50,"high":75}' | bco-plot winrate -o w.png
head -c 4 w.png | tail -c 3
echo
printf '%s\n' '{"group":"50 % of\n$(touch pwned) `touch pwned`\u0007","win_rate":62.5,"low":50,"high":75}' |
    bco-plot winrate -o h.svg --title 'a
b'
grep -o '50 % of.*pwned[^<]*' h.svg | sort -u
printf '%s\n' '{"group":"it'"'"'s","win_rate":62.5,"low":50,"high":75}' | bco-plot winrate -o w.svg --width 500 --height 200
grep -o 'width="500" height="200"' w.svg | sort -u
grep -o "it's\|win rate (%)\|win rate of A over B" w.svg | sort -u
# A long noisy line is light and has its running mean, once in the legend; a short one has points; tiny numbers are powers of ten.
awk 'BEGIN { for (i = 1; i <= 120; i++) printf "{\"step\":%d,\"loss\":%g,\"learning_rate\":%g}\n", i, 1 / i, 1e-7 * i
    for (i = 40; i <= 120; i += 40) printf "{\"step\":%d,\"eval_loss\":%g}\n", i, 1.1 / i }' >long.jsonl
bco-plot metrics -o long.svg long.jsonl
sed -n 's/.*<text>\(.*\)<\/text>.*/\1/p' long.svg | grep -c '^training$\|^validation$'
grep -o " opacity='[0-9.]*'" long.svg | sort -u
sed -n 's/.*<text> *\(.*\)<\/text>.*/\1/p' long.svg | grep 'e-0' | sort -u
# Few records in a bin have a wide interval.
echo '{"n":8,"reliability":[{"n":40,"p":0.25,"up":0.4},{"n":1,"p":0.95,"up":1},{"n":0,"p":null,"up":null}]}' | bco-plot reliability -o r.svg
sed -n 's/.*<text>\(.*\)<\/text>.*/\1/p' r.svg | grep '[a-z]' | sort -u
ls
