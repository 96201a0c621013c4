#!/usr/bin/env bats
# Whatever ends bco-judge, its judge ends too.

load moments

setup() {
    cd "$BATS_TEST_TMPDIR"
    echo '{"prompt":"p","completion":"x"}' >a
    echo '{"prompt":"p","completion":"y"}' >b
}

# The judge writes its number into `pid`.
started() { wait_for [ -s pid ]; }
has_gone() { ! kill -0 "$(cat pid)"; }
gone() { wait_for has_gone; }

@test "SIGTERM kills a judge that hangs, and leaves no output" {
    bco-judge --command 'echo $$ >pid; trap "" TERM; sleep 300' -o out a b &
    started
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 143 ]
    gone
    [ "$(ls -A)" = "$(printf 'a\nb\npid')" ]
}

@test "kill -9 closes the judge's input" {
    bco-judge --command 'echo $$ >pid; sleep 2 >/dev/null; exec cat >/dev/null' a b >/dev/null 3>&- &
    started
    kill -KILL $!
    gone
}

@test "a judge that ignores the end of its input is killed" {
    bco-judge -q --one-order --command 'echo $$ >pid; read x; echo a; sleep 300' a b >out
    [ "$(wc -l <out)" -eq 1 ]
    gone
}

@test "a closed standard output ends bco-judge and its judge" {
    i=0
    while [ $i -lt 3000 ]; do
        echo "{\"prompt\":\"$i\",\"completion\":\"x\"}"
        i=$((i + 1))
    done >a
    bco-judge -q --command 'echo $$ >pid; while read -r x; do echo a; done' a a | head -n 1 >out
    [ "$(wc -l <out)" -eq 1 ]
    gone
}
