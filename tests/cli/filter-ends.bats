# The filters where an end gives way: inputs that change or stop, outputs that are full, closed or nowhere; and that every
# record is accounted for.

setup() {
    cd "$BATS_TEST_TMPDIR"
    mkdir tmp
    export TMPDIR=$PWD/tmp
    seq 1 3000 | awk '{ print "{\"prompt\":\"p" int($1 / 2) "\",\"response\":\"r" $1 % 7 "\",\"rating\":" 1 + $1 % 5 "}" }' >ratings.jsonl
    seq 1 3000 | awk '{ print "{\"prompt\":\"p" $1 "\",\"chosen\":\"a\",\"rejected\":\"b\"}" }' >pairs.jsonl
    likert2bin -q --balance none -o binary.jsonl ratings.jsonl
}

# usage: each_filter FUNCTION: FUNCTION TOOL COMMAND... with the tool's options and input
each_filter() {
    "$1" likert2bin likert2bin ratings.jsonl
    "$1" pair2bin pair2bin pairs.jsonl
    "$1" likert2pair likert2pair ratings.jsonl
    "$1" binbalance binbalance binary.jsonl
    "$1" binstat binstat --json binary.jsonl
    "$1" binsplit binsplit --train train --valid valid binary.jsonl
}

# usage: ends CODE MESSAGE: how the last command went, whose messages are in `err`
ends() {
    [ "$code" -eq "$1" ] && [ "$(tail -n 1 err)" = "$2" ] && [ -z "$(ls -A tmp)" ] || { echo "$code: $(cat err)" && return 1; }
}

full_output() {
    [ "$1" != binsplit ] || return 0
    code=0 && "${@:2}" >/dev/full 2>err || code=$?
    ends 3 "$1: -: cannot write: No space left on device"
}
@test "a full disk at standard output" { each_filter full_output; }

full_file() {
    local out=(-o out.jsonl)
    [ "$1" != binsplit ] || out=()
    [ "$1" != binstat ] || return 0 # its output is shorter than any limit
    code=0 && (ulimit -f 8 && trap '' XFSZ && exec "${@:2}" "${out[@]}" 2>err) || code=$?
    [ "$code" -eq 3 ] && grep -Eq "^$1: .*cannot write( a temporary file)?: File too large" err && [ ! -e out.jsonl ] && [ ! -e train ] &&
        [ -z "$(ls -A tmp)" ] || { echo "$code: $(cat err)" && return 1; }
}
@test "an output file that grows too large, or the temporary file" { each_filter full_file; }

closed_output() {
    [ "$1" != binsplit ] || return 0
    code=0 && "${@:2}" 2>err >&- || code=$?
    ends 3 "$1: -: cannot write: Bad file descriptor"
}
@test "standard output that is closed" { each_filter closed_output; }

closed_input() {
    local command=("${@:2}")
    unset "command[-1]"
    code=0 && "${command[@]}" 2>err >out <&- || code=$?
    ends 3 "$1: -: cannot read: Bad file descriptor"
}
@test "standard input that is closed" { each_filter closed_input; }

gone_reader() {
    case $1 in binsplit | binstat) return 0 ;; esac
    rm -f status
    { "${@:2}" 2>err || echo $? >status; } | true
    # What is short may have been taken by the pipe before its reader left.
    [ ! -s err ] || ! [ -e status ] && [ "$(cat status 2>/dev/null || echo 141)" -eq 141 ] && [ -z "$(ls -A tmp)" ]
}
@test "a reader that has gone" { each_filter gone_reader; }

folder_as_input() {
    local command=("${@:2}")
    command[-1]=tmp
    code=0 && "${command[@]}" --format jsonl 2>err >out || code=$?
    [ "$1" != binsplit ] && [ "$1" != binstat ] && [ "$1" != binbalance ] || true
    ends 3 "$1: tmp: cannot read: Is a directory"
}
@test "a folder as input" { each_filter folder_as_input; }

nowhere() {
    [ "$1" != binsplit ] || return 0
    code=0 && "${@:2}" -o no/such/out 2>err || code=$?
    ends 3 "$1: no/such/out: cannot create: No such file or directory"
    code=0 && "${@:2}" --rejects no/such/rejects 2>err >out || code=$?
    ends 3 "$1: no/such/rejects: cannot create: No such file or directory"
}
@test "outputs and rejects nowhere" { each_filter nowhere; }

# The writer of a pipe dies in the midst of a record.
cut_pipe() {
    local command=("${@:2}") input=${*: -1}
    unset "command[-1]"
    code=0 && head -c 5000 "$input" | "${command[@]}" -q --format jsonl 2>err >out || code=$?
    [ "$code" -eq 1 ] && [[ $(tail -n 1 err) == "$1: -:"*": the JSON is cut short: it ends "* ]] && [ -z "$(ls -A tmp)" ] || { echo "$code: $(cat err)" && return 1; }
}
@test "an input that stops in the midst of a record" {
    set -o pipefail
    each_filter cut_pipe
}

# The filter has read a part when the rest of its input changes: it waits for the second input, a pipe, meanwhile.
@test "a file that is cut while another input is read" {
    mkfifo pipe
    cp ratings.jsonl second.jsonl
    likert2bin --balance none --format jsonl pipe second.jsonl -o out.jsonl 2>err &
    pid=$!
    exec 4>pipe
    head -n 1500 ratings.jsonl >&4
    truncate -s 1000 second.jsonl
    exec 4>&-
    code=0 && wait $pid || code=$?
    [ "$code" -eq 1 ]
    [[ $(cat err) == "likert2bin: second.jsonl:"*": the JSON is cut short: it ends "* ]]
    [ ! -e out.jsonl ]
}

@test "a file that grows while it is read is read to its end" {
    mkfifo pipe
    head -n 10 ratings.jsonl >second.jsonl
    likert2bin --balance none --duplicates keep --format jsonl pipe second.jsonl -o out.jsonl 2>err &
    pid=$!
    exec 4>pipe
    sed -n 11,12p ratings.jsonl >&4
    sed -n 13,15p ratings.jsonl >>second.jsonl
    exec 4>&-
    wait $pid
    [ "$(wc -l <out.jsonl)" -eq 15 ]
}

@test "a file that is replaced by its own filter's output" {
    likert2bin -q --balance none ratings.jsonl >want
    likert2bin -q --balance none -o ratings.jsonl ratings.jsonl
    cmp want ratings.jsonl
}

# 600 records of which some are bad, repeated, contradictory, out of rule, or ties.
mixed() {
    awk 'BEGIN { srand('"$1"'); for (i = 0; i < 600; i++) {
        r = int(rand() * 20)
        if (r == 0) print "not json"
        else if (r == 1) print "{\"prompt\":\"\",\"response\":\"x\",\"rating\":1}"
        else printf "{\"prompt\":\"p%d\",\"response\":\"r%d\",\"rating\":%d}\n", rand() * 40, rand() * 4, r == 2 ? 9 : 1 + rand() * 5 } }'
}

# in + added = out + rejected + dropped; the numbers are those of the files.
accounted() {
    awk '{ sub(/^[^:]*: /, ""); n = split($0, part, ", ")
            for (i = 1; i <= n; i++) { split(part[i], word, " ")
                if (part[i] ~ / in$/) left += word[1]
                else if (part[i] ~ / added$/) left += word[1]
                else if (part[i] ~ / out/) { out = word[1]; right += word[1] }
                else if (part[i] ~ / rejected$/) { rejected = word[1]; right += word[1] }
                else if (part[i] ~ / dropped/) right += word[1] } }
        END { print left - right, out, rejected }' err >sums
    [ "$(cat sums)" = "0 $(wc -l <out.jsonl) $(wc -l <bad.jsonl)" ] || { cat err sums && return 1; }
}

@test "in and added are out, rejected and dropped, whatever the options" {
    for seed in 1 2 3; do
        mixed $seed >in.jsonl
        for balance in oversample undersample weight none; do
            for conflicts in keep drop majority error; do
                for more in "" --contrasted "--keep response~[012] --drop 3" "--duplicates keep --up 4-5 --down 1-2 --min-chars 1"; do
                    [[ $more != *--up* ]] || more+=" --drop 3"
                    # shellcheck disable=SC2086
                    likert2bin --balance $balance --conflicts $conflicts $more --rejects bad.jsonl -o out.jsonl in.jsonl 2>err
                    accounted
                done
            done
        done
        sed 's/"response":"\([^"]*\)"/"response_a":"\1","response_b":"s"/; s/"rating":3/"rating":0/; s/"rating":[45]/"rating":1/; s/rating/preference/' in.jsonl >votes.jsonl
        for ties in drop up down; do
            for conflicts in keep drop majority error; do
                pair2bin --ties $ties --conflicts $conflicts --rejects bad.jsonl -o out.jsonl votes.jsonl 2>err
                accounted
            done
        done
    done
}
