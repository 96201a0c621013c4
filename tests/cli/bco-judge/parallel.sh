# The same verdicts in the same order from any number of processes.
i=0
while [ $i -lt 60 ]; do
    echo "{\"prompt\":\"$i\",\"completion\":\"x$i\"}"
    i=$((i + 1))
done >a
sed 's/"x/"yy/' a >b
# Rules on the question alone; every 7th is rubbish, every 11th kills the judge, and some take longer than others.
cat >judge <<'END'
while read -r q; do
    n=${q#*'"prompt":"'} n=${n%%'"'*}
    case $((n % 3)) in 0) sleep 0.01 ;; esac
    if [ $((n % 11)) -eq 10 ]; then exit 3; fi
    if [ $((n % 7)) -eq 6 ]; then echo what; else case $((n % 4)) in 0) echo a ;; 1) echo b ;; *) echo tie ;; esac; fi
done
END
for n in 1 2 7 100; do
    bco-judge --retries 0 --parallel $n --command 'sh judge' a b -o out$n 2>err$n
    echo "exit $?"
    cmp out1 out$n
    sort err$n | sed 's/, [0-9.]* s$//' >sorted$n
    cmp sorted1 sorted$n
done
cat sorted1
wc -l <out1
# There are as many as asked for: each waits until it sees three.
cat >judge <<'END'
: >seen.$$
while [ "$(ls seen.* | wc -l)" -lt 3 ]; do sleep 0.01; done
while read -r q; do echo tie; done
END
head -n 3 a >c
bco-judge -q --one-order --parallel 3 --command 'sh judge' c c | wc -l
