p() { for c; do echo "{\"prompt\":\"${c%=*}\",\"completion\":\"${c#*=}\"}"; done; }
p p=1 q=2 r=3 s=4 >a
p p=5 q=6 r=7 s=8 >b
run() { bco-judge --one-order --retries 0 "$@" a b | sed 's/"length_a.*"reason"/.../; s/,"length.*//'; }
loose() { bco-judge -q --one-order --command "$@" a b >/dev/null; echo "exit $?"; }
# Time enough for a shell to start and answer on a busy machine, and not for the one that sleeps.
run --timeout 4 --command 'n=0; while read -r x; do n=$((n + 1)); case $n in 1) echo tie;; 2) echo maybe;; 3) sleep 300;; esac; done'
run --command 'read -r x; echo B; read -r x; exit 3'
run --command 'while read -r x; do printf "a\nb\n"; done'
run --max-answer 10 --command 'while read -r x; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done'
run --command 'exec >&-; cat >/dev/null'
# What a judge says after its last question is its own affair.
loose 'while read -r x; do echo a; done; echo goodbye'
