# bco-generate under way: what is finished is out at once, signals and closed pipes end it without a trace.

setup() {
    folder=$(mktemp -d)
    cd "$folder"
    model=$ROOT/examples/demo/model
}
teardown() { rm -rf "$folder"; }

questions() { seq "$1" | sed 's/.*/{"id":&,"prompt":"How do I reset my printer?"}/'; }

# Waits until FILE has N lines, 20 s at most.
wait_for() {
    for _ in $(seq 200); do
        [ "$(wc -l <"$1")" -lt "$2" ] || return 0
        sleep 0.1
    done
    return 1
}

@test "completions are written in order while others are under way" {
    questions 20000 >in.jsonl
    bco-generate -q -m "$model" in.jsonl >out 2>err &
    pid=$!
    wait_for out 20
    kill $pid
    wait $pid || true
    [ "$(sed 's/,.*//' out | head -n 20)" = "$(questions 20 | sed 's/,.*//')" ]
    [ "$(wc -l <out)" -lt 20000 ]
    [ ! -s err ]
}

@test "SIGTERM and SIGINT end it without a trace" {
    for signal in TERM:143 INT:130; do
        mkfifo in
        (trap - INT && exec bco-generate -m "$model" -o out.jsonl --rejects rejects.jsonl in) 2>err &
        pid=$!
        exec 4>in
        questions 20 >&4
        sleep 0.5
        kill "-${signal%:*}" $pid
        status=0
        wait $pid || status=$?
        exec 4>&-
        [ "$status" -eq ${signal#*:} ]
        [ ! -s err ]
        rm in err
        [ -z "$(ls -A)" ]
    done
}

@test "a closed pipe ends it quietly" {
    questions 400 >in.jsonl
    { bco-generate -m "$model" --rejects rejects.jsonl in.jsonl 2>err || echo $? >status; } | head -n 1 >first
    [ "$(cat status)" -eq 141 ]
    [ ! -s err ]
    [ ! -e rejects.jsonl ]
    [ "$(wc -l <first)" -eq 1 ]
}

@test "a record that has come is answered while the next ones are awaited" {
    mkfifo in
    bco-generate -q -m "$model" -n 2 in >out 2>err &
    pid=$!
    exec 4>in
    for lines in 2 6 10; do
        questions 1 | tee -a in.jsonl >&4
        printf '{"id":2,' | tee -a in.jsonl >&4
        wait_for out $lines
        echo '"prompt":"How can I lock the radio?"}' | tee -a in.jsonl >&4
        wait_for out $((lines + 2))
    done
    exec 4>&-
    wait $pid
    bco-generate -q -m "$model" -n 2 in.jsonl | cmp - out
    [ ! -s err ]
}
