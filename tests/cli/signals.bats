# Filters that end early leave nothing behind; the progress line is for terminals alone.

setup() {
    folder=$(mktemp -d)
    cd "$folder"
}
teardown() { rm -rf "$folder"; }

# N records with ratings, the first number being FIRST.
records() {
    seq "$1" "$2" | sed 's/.*/{"prompt":"p&","response":"r&","rating":5}/; n; s/.*/{"prompt":"p&","response":"r&","rating":1}/'
}

# Starts likert2bin on a pipe that stays open, waits until it has read, and sends it the signal.
end_by() {
    mkfifo in
    env --default-signal likert2bin -o out.jsonl --rejects rejects.jsonl in 2>err &
    pid=$!
    exec 4>in
    records 1 2000 >&4
    sleep 0.2
    kill "-$1" $pid
    status=0
    wait $pid || status=$?
    exec 4>&-
}

@test "SIGTERM and SIGHUP end a filter without a trace" {
    for signal in TERM:143 HUP:129; do
        end_by ${signal%:*}
        [ "$status" -eq ${signal#*:} ]
        [ ! -s err ]
        rm in err
        [ -z "$(ls -A)" ]
    done
}

@test "a signal that the caller ignores stays ignored" {
    mkfifo in
    (trap '' HUP && exec likert2bin --format jsonl in >out.jsonl) 2>err &
    pid=$!
    exec 4>in
    records 1 10 >&4
    sleep 0.2
    kill -HUP $pid
    exec 4>&-
    wait $pid
    [ "$(wc -l <out.jsonl)" -eq 10 ]
}

@test "a closed pipe ends a filter quietly, its other outputs with it" {
    records 1 20000 >in.jsonl
    { likert2bin --rejects rejects.jsonl in.jsonl 2>err || echo $? >status; } | head -n 1 >first
    [ "$(cat status)" -eq 141 ]
    [ ! -s err ]
    [ ! -e rejects.jsonl ]
    [ "$(ls -A)" = "$(printf 'err\nfirst\nin.jsonl\nstatus')" ]
}

@test "a reader that leaves late is met by a thread of the filter, as quietly" {
    records 1 60000 >in.jsonl
    { likert2bin --balance none -j 2 in.jsonl 2>err || echo $? >status; } | head -n 30000 >first
    [ "$(cat status)" -eq 141 ]
    [ ! -s err ]
}

# usage: feed TIMES: records, 1100 every tenth of a second, until the progress line is seen. `fed` is how many in the end.
feed() {
    local i=0
    until [ $i -eq "$1" ] || grep -q ' records, ' seen; do
        records $((i * 1100 + 1)) $((++i * 1100))
        sleep 0.1
    done
    echo $((i * 1100)) >fed
}

# usage: on_terminal TERM TIMES OPTIONS: what a terminal gets to see of likert2bin. Its output goes to a file.
on_terminal() {
    mkfifo in
    : >seen
    feed "$2" >in 3>&- &
    TERM=$1 script -qefc "likert2bin --format jsonl $3 -o out.jsonl in" /dev/null </dev/null >seen
    wait $!
    rm in
}

@test "the progress line is shown on a terminal, and wiped" {
    script -qec true /dev/null </dev/null || skip "no script(1), or no pseudo-terminals"
    on_terminal xterm 1000 ""
    grep -q "likert2bin: [0-9]* records, [0-9]*/s" seen
    [ "$(tail -n 1 seen | sed 's/.*\r\x1b\[K//' | cut -d , -f 1)" = "likert2bin: $(cat fed) in" ]
    on_terminal dumb 15 ""
    [ "$(tr -d '\r' <seen | wc -l)" -eq 1 ]
    ! grep -q $'\x1b' seen
    on_terminal xterm 15 -q
    [ ! -s seen ]
}
