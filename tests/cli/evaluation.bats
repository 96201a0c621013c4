#!/usr/bin/env bats
# The whole way: from two models and prompts to a win rate at equal length, with a reward model that has seen only ratings.

setup() {
    cd "$BATS_TEST_TMPDIR"
    model=$ROOT/examples/demo/model
    world=$BUILD/examples/demo/world
    command -v jq >/dev/null || skip "no jq"
}

# `field NAME FILE`, as whole percent.
field() { jq "$1 | round" "$2"; }

@test "two models, a reward model, a win rate at equal length" {
    likert2bin -q "$ROOT/examples/demo/ratings.csv" -o ratings.jsonl
    bco-train -q -m "$model" --head --loss bce --lr 1e-3 --steps 150 -o rm ratings.jsonl
    bco-refcache -q -m "$model" ratings.jsonl | bco-train -q -m "$model" --lr 3e-4 --steps 100 -o aligned
    "$world" questions held-out | head -n 60 >prompts.jsonl

    bco-generate -q -m "$model" prompts.jsonl -o a.jsonl
    bco-generate -q -m aligned prompts.jsonl -o b.jsonl
    bco-judge -q --reward-model rm b.jsonl a.jsonl | bco-winrate -q --length-control --json >rate.json
    [ "$(field .n rate.json)" -eq 120 ]
    [ "$(field .clusters rate.json)" -eq 60 ]
    [ "$(field .low rate.json)" -gt 65 ]
    [ "$(field .length_controlled.low rate.json)" -gt 50 ]
    [ "$(field .length_controlled.high rate.json)" -ge "$(field .length_controlled.win_rate rate.json)" ]

    # By pipes alone, the other side first: the same verdicts the other way round.
    bco-generate -q -m "$model" prompts.jsonl | bco-judge -q --reward-model rm - b.jsonl | bco-winrate -q --json >other.json
    [ "$(jq '.wins, .ties, .losses' other.json | paste -sd' ')" = "$(jq '.losses, .ties, .wins' rate.json | paste -sd' ')" ]

    # A judge that knows the rules of the world agrees, roughly.
    bco-judge -q --command "'$world' judge" b.jsonl a.jsonl | bco-winrate -q --json >known.json
    [ "$(field .low known.json)" -gt 65 ]

    # Against itself a model ties.
    bco-judge -q --reward-model rm b.jsonl b.jsonl | bco-winrate -q --json >same.json
    [ "$(jq -c '[.wins, .ties, .losses, .win_rate]' same.json)" = '[0,120,0,50]' ]
}
