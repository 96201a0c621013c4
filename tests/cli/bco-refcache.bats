# The reference store among processes, after kill -9, and when it is damaged.

load tiny_model
load moments

setup_file() { tiny_model "$BATS_FILE_TMPDIR/model"; }

setup() {
    export BCO_THREADS=1
    model=$BATS_FILE_TMPDIR/model
    cd "$BATS_TEST_TMPDIR"
    records 0 400 >records.jsonl
}

# Records FROM to TO, all different.
records() {
    awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i < to; i++) {
        printf "{\"id\":%d,\"prompt_ids\":[%d,%d,%d],\"completion_ids\":[%d,%d,2],\"label\":true}\n",
            i, 3 + i % 7, 5 + i % 11, 3 + i % 61, 6 + i % 53, 7 + i % 5 } }'
}

computed() { sed -E 's/.* ([0-9]+) computed, ([0-9]+) from the store.*/\1 \2/' "$1"; }

@test "the second run computes nothing and gives the same bytes" {
    bco-refcache -m "$model" --ids --store store records.jsonl >one 2>err1
    bco-refcache -m "$model" --ids --store store records.jsonl >two 2>err2
    cmp one two
    [ "$(computed err1)" = "400 0" ]
    [ "$(computed err2)" = "0 400" ]
}

@test "only what is new is computed" {
    bco-refcache -q -m "$model" --ids --store store records.jsonl >one
    records 300 500 | bco-refcache -m "$model" --ids --store store >two 2>err
    [ "$(computed err)" = "100 100" ]
}

@test "BCO_STORE names the store" {
    BCO_STORE=store bco-refcache -q -m "$model" --ids records.jsonl >one
    [ -f store/data.mdb ]
}

@test "another model has nothing in the store" {
    bco-refcache -q -m "$model" --ids --store store records.jsonl >one
    tiny_model other 2
    bco-refcache -m other --ids --store store records.jsonl 2>err >two
    [ "$(computed err)" = "400 0" ]
}

@test "several processes share a store" {
    for i in 0 1 2 3; do
        records $((i * 100)) $((i * 100 + 300)) >in$i
        bco-refcache -q -m "$model" --ids --store store in$i >out$i &
        pids="$pids $!"
    done
    for pid in $pids; do wait "$pid"; done
    records 0 600 | bco-refcache -m "$model" --ids --store store >all 2>err
    [ "$(computed err)" = "0 600" ]
    bco-refcache -q -m "$model" --ids --batch-tokens 64 all -o fresh
    for i in 0 1 2 3; do [ "$(wc -l <out$i)" -eq 300 ]; done
}

@test "killed at any moment, the next run goes on" {
    records 0 3000 >many.jsonl
    timed bco-refcache -q -m "$model" --ids --batch-tokens 64 many.jsonl -o plain
    killed=0
    # The moments are from 1/9 to 8/9 of that run, and sooner if all ended before.
    until [ $killed -gt 0 ] || [ $took -eq 0 ]; do
        rm -rf store
        for i in 1 2 3 4 5 6 7 8; do
            code=0
            kill_after $((took * i / 9)) bco-refcache -q -m "$model" --ids --store store --batch-tokens 64 many.jsonl -o out 2>/dev/null || code=$?
            [ $code -eq 0 ] || [ $code -eq 137 ]
            [ $code -eq 0 ] || killed=$((killed + 1))
        done
        took=$((took / 3))
    done
    [ $killed -gt 0 ]
    bco-refcache -m "$model" --ids --store store --batch-tokens 64 many.jsonl >out 2>err
    bco-refcache -m "$model" --ids --store store many.jsonl 2>err2 >again
    cmp out again
    [ "$(wc -l <out)" -eq 3000 ]
    [ "$(computed err2)" = "0 3000" ]
}

@test "a damaged store is an error, and so is a folder that is none" {
    bco-refcache -q -m "$model" --ids --store store records.jsonl >one
    dd if=/dev/zero of=store/data.mdb bs=1 seek=12288 count=600 conv=notrunc 2>/dev/null
    run bco-refcache -q -m "$model" --ids --store store records.jsonl
    [ "$status" -eq 1 ]
    [ "$output" = "bco-refcache: store: damaged store: a page does not hold what it should; move it away, and what it held is computed again" ]
    mkdir other && touch other/letters.txt
    run bco-refcache -q -m "$model" --ids --store other records.jsonl
    [ "$status" -eq 1 ]
    [ "$output" = "bco-refcache: other: no store: it holds 'letters.txt'" ]
    run bco-refcache -q -m "$model" --ids --store records.jsonl records.jsonl
    [ "$status" -eq 3 ]
    [ "$output" = "bco-refcache: records.jsonl: cannot open the store: Not a directory" ]
    run bco-refcache -q -m "$model" --ids --store no/such/place records.jsonl
    [ "$status" -eq 3 ]
    [ "$output" = "bco-refcache: no/such/place: cannot make the store: No such file or directory" ]
}

@test "a full disk under the store: nothing is written, and the store stays whole" {
    bco-refcache -q -m "$model" --ids --store store records.jsonl >one
    records 400 4000 >more.jsonl
    (
        trap '' XFSZ
        ulimit -f 64
        ! bco-refcache -q -m "$model" --ids --store store more.jsonl -o out 2>err
    )
    cat err
    [ ! -e out ]
    bco-refcache -m "$model" --ids --store store records.jsonl 2>err >two
    [ "$(computed err)" = "0 400" ]
    cmp one two
}

@test "shards are the whole" {
    bco-refcache -q -m "$model" --ids records.jsonl >whole
    for i in 1 2 3; do bco-refcache -q -m "$model" --ids --shard $i/3 records.jsonl >part$i; done
    [ "$(wc -l <part1) $(wc -l <part2) $(wc -l <part3)" = "134 133 133" ]
    cut -d, -f1 whole | sort >a
    cat part? | cut -d, -f1 | sort >b
    cmp a b
}

@test "a log-prob does not depend on batch, order or threads" {
    bco-refcache -q -m "$model" --ids records.jsonl | sort >a
    tac records.jsonl | bco-refcache -q -m "$model" --ids --batch-tokens 1 | sort >b
    bco-refcache -q -m "$model" --ids -j 2 --batch-tokens 50 records.jsonl | sort >c
    for other in b c; do
        paste -d ' ' a $other | sed -E 's/[^}]*"ref_logp":(-[0-9.]+),[^}]*\} .*"ref_logp":(-[0-9.]+),.*/\1 \2/' |
            awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > -1e-5 * $1) exit 1 }'
    done
}
