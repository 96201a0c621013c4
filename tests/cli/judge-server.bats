#!/usr/bin/env bats
# examples/judges/server against a server that behaves as planned.

load moments

setup() {
    command -v curl >/dev/null && command -v jq >/dev/null || skip "no curl or no jq"
    cd "$BATS_TEST_TMPDIR"
    echo '{"prompt":"How do I \"reset\"?\n{a}","completion":"Hold the button.\\\n{b}"}' >a
    echo '{"prompt":"How do I \"reset\"?\n{a}","completion":"Wait, é."}' >b
}

teardown() {
    [ ! -s server.pid ] || kill "$(cat server.pid)" 2>/dev/null || true
}

# Starts the server with these plans.
serve() {
    "$BUILD/tests/helpers/chat_server" . "$@" 3>&- &
    echo $! >server.pid
    wait_for [ -s port ]
}

judge() {
    bco-judge --retries 0 "$@" --command "'$ROOT/examples/judges/server' http://127.0.0.1:$(cat port)/v1 tiny" a b
}

winners() { sed -E 's/.*"winner":([^,]*).*/\1/' | tr '\n' ' '; }
reason() { sed -E 's/.*"reason":"(.*)"}/\1/'; }

@test "a model's verdict is read in both orders, and the question holds both answers" {
    serve best:button
    judge >out
    [ "$(winners <out)" = '"a" "a" ' ]
    content=$(sed -n '/^{/{p;q;}' requests | jq -r '.messages[0].content')
    printf '%s\n' "$content" | tail -n 9 | cmp - <(printf '%s\n' '===== The request =====' 'How do I "reset"?' '{a}' '===== Answer A =====' 'Hold the button.\' '{b}' '===== Answer B =====' 'Wait, é.' '===== End =====')
    [ "$(sed -n '/^{/{p;q;}' requests | jq -c '[.model, .temperature, .max_tokens, .messages[0].role]')" = '["tiny",0,1024,"user"]' ]
}

@test "the verdict is the last line, and nothing else will do" {
    while IFS='|' read -r reply want; do
        rm -f port
        serve "say:$reply"
        judge --one-order >out || true
        kill "$(cat server.pid)"
        echo "$reply: $(winners <out), expected $want"
        [ "$(winners <out)" = "$want " ]
    done <<'END'
Verdict: A|"a"
Both.\n\n**Verdict: b.**  \n\n|"b"
verdict: TIE|"tie"
Verdict: **B**|"b"
Verdict: A\nVerdict: B|"b"
Verdict: A\nI hope this helps.|null
A|null
Verdict: C|null
Verdict: A or B|null
The verdict: A|null
|null
END
}

@test "errors of the server, silence, rubbish and floods are invalid verdicts" {
    export JUDGE_SECONDS JUDGE_PAUSE=0.1
    while IFS='|' read -r plan want; do
        rm -f port
        serve "$plan"
        JUDGE_SECONDS=50
        [ "$plan" != hang ] || JUDGE_SECONDS=1
        run judge -q --one-order -o out
        kill "$(cat server.pid)"
        echo "$plan: $status $(reason <out)"
        [ "$status" -eq 1 ]
        [ "$(reason <out)" = "no verdict, got '{\\\"winner\\\":null,\\\"error\\\":\\\"$want\\\"}'" ]
    done <<'END'
status:500|HTTP 500
status:429|HTTP 429
status:401|HTTP 401
hang|no reply
close|no reply
flood|no reply
raw:<html>|no JSON
raw:{"choices":[]}|last line: 
raw:[1]|last line: 
raw:{"choices":[{"message":{"content":7}}]}|last line: 7
END
}

@test "a server that recovers is asked again" {
    export JUDGE_PAUSE=0.1
    serve status:503 close 'say:Verdict: A'
    judge -q --one-order --retries 2 >out
    [ "$(winners <out)" = '"a" ' ]
}

@test "bco-judge's own time limit holds for a server that does not answer" {
    serve hang
    run judge -q --one-order --timeout 0.5 -o out
    [ "$status" -eq 1 ]
    [[ "$(reason <out)" = "no answer within 0.5 s"* ]]
}

@test "the key goes to the server and nowhere else" {
    serve best:button
    OPENAI_API_KEY='top"sec\ret' judge >out 2>err
    grep -qF 'Authorization: Bearer top"sec\ret' requests
    rm requests
    ! grep -rF 'sec\ret' .
    ! grep -rF 'sec\\ret' .
    judge >out
    ! grep -q Authorization requests
}

@test "many processes ask at once, and the verdicts are the same" {
    serve best:button
    for i in 1 2 3 4 5 6 7 8; do
        echo "{\"prompt\":\"$i\",\"completion\":\"button $i\"}" >>a
        echo "{\"prompt\":\"$i\",\"completion\":\"$i\"}" >>b
    done
    judge -q >one
    judge -q --parallel 6 >six
    cmp one six
    [ "$(wc -l <six)" -eq 18 ]
}

@test "a server that is not there" {
    echo 1 >port
    run judge -q --one-order -o out
    [ "$status" -eq 1 ]
    [[ "$(reason <out)" = *"no reply"* ]]
    [[ "$output" = *"curl: (7)"* ]]
}
