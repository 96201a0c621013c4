# bco-generate under way: what is finished is out at once, signals and closed pipes end it without a trace.

load moments

setup() {
    folder=$(mktemp -d)
    cd "$folder"
    model=$ROOT/examples/demo/model
}
teardown() { rm -rf "$folder"; }

questions() { seq "$1" | sed 's/.*/{"id":&,"prompt":"How do I reset my printer?"}/'; }

has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

@test "completions are written in order while others are under way" {
    questions 1000000000 2>/dev/null | env --default-signal bco-generate -q -m "$model" >out 2>err &
    pid=$!
    wait_for has_lines out 20
    kill $pid
    status=0
    wait $pid || status=$?
    [ "$status" -eq 143 ]
    [ "$(sed 's/,.*//' out | head -n 20)" = "$(questions 20 | sed 's/,.*//')" ]
    [ ! -s err ]
}

@test "SIGTERM and SIGINT end it without a trace" {
    for signal in TERM:143 INT:130; do
        mkfifo in
        env --default-signal bco-generate -m "$model" -o out.jsonl --rejects rejects.jsonl in 2>err &
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
    questions 1000000000 2>/dev/null | { bco-generate -m "$model" --rejects rejects.jsonl 2>err || echo $? >status; } | head -n 1 >first
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
        wait_for has_lines out $lines
        echo '"prompt":"How can I lock the radio?"}' | tee -a in.jsonl >&4
        wait_for has_lines out $((lines + 2))
    done
    exec 4>&-
    wait $pid
    bco-generate -q -m "$model" -n 2 in.jsonl | cmp - out
    [ ! -s err ]
}

# A model whose keys and values are larger than all else: 4 kB a token; 24 prompts of 1000 tokens.
wide_prompts() {
    case $BUILD:$PATH in
    */asan:* | */ubsan:* | *valgrind-bin*) skip "sanitizers and valgrind take memory of their own" ;;
    esac
    export BCO_THREADS=2 # each thread takes some
    mkdir shape
    cat >shape/config.json <<'END'
{
  "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 64,
  "num_hidden_layers": 4, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 64, "vocab_size": 8000,
  "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
  "initializer_range": 0.15, "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2
}
END
    echo '{"prompt_ids":[1,2],"completion_ids":[3]}' |
        bco-train -q -m shape --ids --init random --loss sft --lr 0 --steps 1 -o wide
    ids=$(seq 3 1002 | paste -sd,)
    for id in $(seq 24); do echo "{\"id\":$id,\"prompt_ids\":[$id,$ids]}"; done >prompts
}

# Numbers of the line that begins with WORDS: `number WORDS PLACE`.
number() { sed -n "s/^bco-generate: $1//p" err | grep -o '[0-9]*' | sed -n "$2p"; }

@test "what memory it will take is said before the first token, within 10 %" {
    wide_prompts
    for options in "--greedy" "--batch 4 -n 3" "--repetition-penalty 2 -n 2 -j 1" "--batch 40"; do
        bco-generate -v -m wide --ids --ignore-eos --max-new-tokens 24 $options -o out prompts 2>err
        used=$(number 'memory used: ' 1) foreseen=$(number 'memory used: ' 2)
        echo "$options: $used of $foreseen"
        [ "$foreseen" -eq "$(number 'memory: ' 1)" ]
        [ $((10 * used)) -le $((11 * foreseen)) ]
        [ $((10 * used)) -ge $((9 * foreseen)) ]
        [ "$(head -n 1 err | cut -d: -f 2)" = " memory" ]
        rm out
    done
}

@test "with --max-memory it takes less, and completions are the same" {
    wide_prompts
    bco-generate -v -m wide --ids --max-new-tokens 24 -n 2 -o all prompts 2>err
    all=$(number 'memory used: ' 1)
    bco-generate -v -m wide --ids --max-new-tokens 24 -n 2 --max-memory $((all / 2))M -o half prompts 2>err
    grep -q 'memory holds [0-9]* of 16 sequences at once; a smaller --max-new-tokens leaves room for more$' err
    [ "$(number 'memory used: ' 1)" -le $((all / 2)) ]
    cmp all half
    status=0
    bco-generate -m wide --ids --max-new-tokens 24 --max-memory 12M -o out prompts 2>err || status=$?
    [ "$status" -eq 3 ]
    grep -q '^bco-generate: prompts:1: a sequence of 1025 tokens needs [0-9]* MiB of memory at least, and --max-memory gives 12 MiB; a smaller --max-new-tokens or --batch takes less$' err
    [ ! -e out ]

    # What came before it is out.
    needs=$(sed 's/.*needs \([0-9]*\) MiB.*/\1/' err)
    { echo '{"prompt_ids":[5]}' && tail -n 1 prompts; } >two
    status=0
    bco-generate -m wide --ids --max-new-tokens 24 --max-memory $((needs - 1))M two >out 2>err || status=$?
    [ "$status" -eq 3 ]
    grep -q "^bco-generate: two:2: a sequence of 1025 tokens needs $needs MiB of memory at least, and --max-memory gives" err
    [ "$(wc -l <out)" -eq 1 ]
}
