# What may not be read or written is said by name, and nothing is left behind.

load tiny_model

setup() {
    cd "$BATS_TEST_TMPDIR"
    cp "$ROOT"/examples/data/ratings.jsonl .
    mkdir closed
    chmod 555 closed
}

teardown() { chmod -R u+rwX "$BATS_TEST_TMPDIR"; }

# Root may do all, but not without these two capabilities.
limited() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search "$@"
    fi
}

limits_hold() { ! limited test -w closed || skip "permissions do not bind here"; }

# usage: refused MESSAGE COMMAND...
refused() {
    local message=$1 code=0
    shift
    limited "$@" >seen 2>err || code=$?
    [ "$code" -eq 3 ] && [ "$(cat err)" = "$message" ] && [ -z "$(ls -A closed)" ] || { cat err && return 1; }
}

@test "a folder that cannot be written into" {
    limits_hold
    likert2bin -q -o binary.jsonl ratings.jsonl
    for tool in likert2bin likert2pair; do
        refused "$tool: closed/out: cannot create: Permission denied" $tool -o closed/out ratings.jsonl
    done
    for tool in binbalance binstat; do
        refused "$tool: closed/out: cannot create: Permission denied" $tool -o closed/out binary.jsonl
    done
    refused "likert2bin: closed/bad: cannot create: Permission denied" likert2bin --rejects closed/bad ratings.jsonl
    refused "binsplit: closed/b: cannot create: Permission denied" binsplit --train a --valid closed/b binary.jsonl
    [ ! -e a ]
}

@test "an input that cannot be read" {
    limits_hold
    chmod 000 ratings.jsonl
    refused "likert2bin: ratings.jsonl: cannot open: Permission denied" likert2bin ratings.jsonl
}

@test "a model, a store and an output of training" {
    limits_hold
    tiny_model model
    for i in 0 1; do
        printf '{"prompt_ids":[3,4],"completion_ids":[%d,2],"label":%s}\n' $((5 + i)) "$([ $i = 0 ] && echo true || echo false)"
    done >records.jsonl
    bco-refcache -q -m model --ids --store store -o ref.jsonl records.jsonl
    refused "bco-refcache: closed/out: cannot create: Permission denied" bco-refcache -m model --ids -o closed/out records.jsonl
    refused "bco-refcache: closed/store: cannot make the store: Permission denied" \
        bco-refcache -m model --ids --store closed/store records.jsonl
    refused "bco-train: closed/out: cannot make the folder: Permission denied" bco-train -m model --ids -o closed/out ref.jsonl
    refused "bco-train: closed: cannot write into the folder: Permission denied" bco-train -m model --ids -o closed ref.jsonl
    refused "bco-generate: closed/out: cannot create: Permission denied" bco-generate -m model --ids -o closed/out records.jsonl
    chmod 555 store && chmod 444 store/*
    refused "bco-refcache: store: cannot open the store: Permission denied" bco-refcache -m model --ids --store store records.jsonl
    chmod 000 model/model.safetensors
    refused "bco-refcache: model/model.safetensors: cannot open: Permission denied" bco-refcache -m model --ids records.jsonl
}
