# examples/refresh, the recipe for cron: its data are the same however often it is run, and wherever it was killed.

load moments

setup() {
    cd "$BATS_TEST_TMPDIR"
    export MODEL=$ROOT/examples/demo/model BCO_THREADS=1
    refresh=$ROOT/examples/refresh
    day 2026-11-01 2 60
    day 2026-11-02 61 130
    day 2026-11-03 131 200
}

# A day's file: lines FROM to TO of the demo's ratings.
day() { sed -n "1p;$2,$3p" "$ROOT/examples/demo/ratings.csv" >"$1.csv"; }

# What the recipe made, without the store (which may hold more than is needed).
state() { (cd "$1" && cksum ./*.jsonl days/*); }

expect_state() {
    state "$1" >seen
    diff expected seen
}

# The undisturbed run of two days.
undisturbed() {
    "$refresh" 2026-11-01.csv whole 2>/dev/null
    "$refresh" 2026-11-02.csv whole 2>/dev/null
    state whole >expected
}

@test "a day is converted, gated, split, given reference log-probs and appended" {
    "$refresh" 2026-11-01.csv
    cp data/train.jsonl first
    "$refresh" 2026-11-02.csv
    [ "$(cat data/train.jsonl data/valid.jsonl | wc -l)" -eq 129 ]
    head -c "$(wc -c <first)" data/train.jsonl | cmp - first
    [ "$(binstat --json data/train.jsonl data/valid.jsonl | grep -o '"missing_reference":[0-9]*')" = '"missing_reference":0' ]
    cut -d, -f 1 data/train.jsonl | sort -u >train
    cut -d, -f 1 data/valid.jsonl | sort -u >valid
    [ -s valid ]
    [ -z "$(comm -12 train valid)" ]
    [ ! -e data/work ]
}

@test "run twice, nothing changes and nothing is computed again" {
    undisturbed
    "$refresh" 2026-11-02.csv whole 2>err
    expect_state whole
    [ "$(grep -c ' 0 computed,' err)" -eq 2 ]
    "$refresh" 2026-11-01.csv whole
    expect_state whole
}

@test "a corrected day takes the place of the old one" {
    undisturbed
    cp 2026-11-01.csv good
    sed -i 5d 2026-11-01.csv
    "$refresh" 2026-11-01.csv other
    "$refresh" 2026-11-02.csv other
    cp good 2026-11-01.csv
    "$refresh" 2026-11-01.csv other
    expect_state other
}

@test "a day that does not pass the gate adds nothing" {
    undisturbed
    status=0
    output=$(REQUIRE='records>=1000' "$refresh" 2026-11-03.csv whole 2>&1 >/dev/null) || status=$?
    [ "$status" -eq 1 ]
    [[ $output == *"binstat: --require 'records>=1000' does not hold: records is 70" ]]
    expect_state whole
    printf 'prompt,response,rating\n' >2026-11-04.csv
    run "$refresh" 2026-11-04.csv whole
    [ "$status" -eq 1 ]
    expect_state whole
    run "$refresh" no-such-day.csv whole
    [ "$status" -eq 3 ]
    expect_state whole
}

@test "bad records are put aside, day by day" {
    printf 'Q,A,9\n' >>2026-11-01.csv
    "$refresh" 2026-11-01.csv
    [ "$(wc -l <data/days/2026-11-01.rejects.jsonl)" -eq 1 ]
    grep -q "outside the scale, got '9'" data/days/2026-11-01.rejects.jsonl
}

# Each command of the recipe, with what kills the recipe in the place of the $KILL_AT-th one.
shims() {
    mkdir shims
    for command in likert2bin binstat binsplit bco-refcache sync mv cat rm; do
        cat >"shims/$command" <<END
#!/bin/sh
echo >>"$PWD/steps"
[ "\$(wc -l <"$PWD/steps")" -ne "\$KILL_AT" ] || kill -9 \$PPID
exec "$(command -v $command)" "\$@"
END
        chmod +x "shims/$command"
    done
}

@test "killed before any of its steps and run again, it ends the same" {
    undisturbed
    shims
    killed=0
    for step in $(seq 1 30); do
        rm -rf again steps
        KILL_AT=0 "$refresh" 2026-11-01.csv again 2>/dev/null
        status=0
        KILL_AT=$step PATH=$PWD/shims:$PATH "$refresh" 2026-11-02.csv again 2>/dev/null || status=$?
        [ "$status" -ne 0 ] || break
        [ "$status" -eq 137 ]
        killed=$((killed + 1))
        # What readers of the data see is whole, whatever there is of the day.
        binstat -q --require 'missing_reference=0' again/train.jsonl again/valid.jsonl >/dev/null
        "$refresh" 2026-11-02.csv again 2>/dev/null
        expect_state again
    done
    [ "$killed" -ge 14 ]
    expect_state again
}

@test "killed with all its children in the midst of a step and run again, it ends the same" {
    undisturbed
    cp -r whole again
    timed "$refresh" 2026-11-02.csv again 2>/dev/null
    killed=0
    # From 1/32 of that run to nearly all of it, and sooner if all ended before.
    until [ $killed -gt 0 ] || [ $took -eq 0 ]; do
        for part in 1 3 6 10 14 19 24 30; do
            rm -rf again
            "$refresh" 2026-11-01.csv again 2>/dev/null
            code=0
            kill_after $((took * part / 32)) "$refresh" 2026-11-02.csv again 2>/dev/null || code=$?
            [ $code -eq 0 ] || [ $code -eq 137 ]
            [ $code -eq 0 ] || killed=$((killed + 1))
            "$refresh" 2026-11-02.csv again 2>/dev/null
            expect_state again
        done
        took=$((took / 3))
    done
    [ "$killed" -gt 0 ]
}

@test "two at once wait for each other" {
    undisturbed
    "$refresh" 2026-11-01.csv again 2>/dev/null &
    first=$!
    "$refresh" 2026-11-02.csv again 2>/dev/null
    wait $first
    expect_state again
}
