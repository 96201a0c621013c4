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
printf '%s\n' '{"group":"it'"'"'s","win_rate":62.5,"low":50,"high":75}' | bco-plot winrate -o w.svg --width 500 --height 200
grep -o 'width="500" height="200"' w.svg | sort -u
grep -o "it's\|win rate (%)\|win rate of A over B" w.svg | sort -u
ls
