# Runs that are killed, stopped, damaged, or short of space: nothing is lost, and what is resumed
# is bit for bit what an uninterrupted run gives. The model is a tiny one with random weights.

load tiny_model
load moments

setup_file() { tiny_model "$BATS_FILE_TMPDIR/model"; }

setup() {
    export BCO_THREADS=1
    model=$BATS_FILE_TMPDIR/model
    cd "$BATS_TEST_TMPDIR"
    awk 'BEGIN { for (i = 0; i < 40; i++) {
        printf "{\"id\":\"r%d\",\"prompt_ids\":[%d,%d,%d],\"completion_ids\":[%d,%d,%d,%d],\"label\":%s}\n",
            i, 3 + i % 7, 5 + i % 11, 4, 6 + i % 13, 7 + i % 5, 9, 2, i % 3 ? "false" : "true" } }' |
        bco-refcache -q -m "$model" --ids -o ref.jsonl
    settings="-q -m $model --ids --lr 1e-3 --batch 8 --steps 30 --micro-tokens 30 --valid ref.jsonl --eval-every 4"
}

train() { bco-train $settings "$@" ref.jsonl; }

# Metrics without what a clock says.
steady() { sed -E 's/,"(eval_)?(seconds|tokens_per_second)":[^,}]*//g' "$1/metrics.jsonl"; }

same() {
    cmp "$1/model.safetensors" "$2/model.safetensors" && steady "$1" >one && steady "$2" >two && cmp one two
}

@test "equal settings give equal bytes" {
    train -o a && train -o b
    same a b
    [ "$(wc -l <a/metrics.jsonl)" -eq 38 ]
}

@test "kill -9 at any moment, and --resume until it is done" {
    timed train --save-every 1 -o whole
    # The first moment is a tenth of a whole run; the others are anywhere in it. A run that ends all the same begins anew, to be killed sooner.
    tries=0 killed=0 code=1 moment=$((took / 10))
    until [ $code -eq 0 ] || [ $tries -ge 60 ]; do
        kill_after $moment bco-train $settings --save-every 1 --resume -o cut ref.jsonl 2>/dev/null && code=0 || code=$?
        [ $code -ne 137 ] || killed=$((killed + 1))
        tries=$((tries + 1))
        [ $killed -gt 0 ] || { rm -rf cut && code=1 took=$((took / 2)); }
        moment=$((took / 10 + RANDOM % (took + 1)))
    done
    [ $code -eq 0 ] || train --save-every 1 --resume -o cut
    echo "killed $killed times, a whole run takes $took ms"
    [ $killed -gt 0 ]
    same whole cut
}

@test "kill -9 right after a known step" {
    train -o whole
    for step in 3 4 17; do
        bco-train $settings --save-every 3 -o "cut$step" ref.jsonl &
        until [ "$(wc -l 2>/dev/null <"cut$step/metrics.jsonl" || echo 0)" -ge $step ]; do :; done
        kill -9 $! 2>/dev/null || :
        wait || :
        train --save-every 3 --resume -o "cut$step" 2>/dev/null
        same whole "cut$step"
    done
}

@test "shifts that need two passes resume as well" {
    for shift in batch running cumulative none; do
        train --shift $shift -o whole-$shift
        bco-train $settings --shift $shift --steps 30 --save-every 7 -o cut-$shift ref.jsonl &
        until [ "$(wc -l 2>/dev/null <cut-$shift/metrics.jsonl || echo 0)" -ge 11 ]; do :; done
        kill -9 $! 2>/dev/null || :
        wait || :
        train --shift $shift --save-every 7 --resume -o cut-$shift
        same whole-$shift cut-$shift
    done
}

@test "kto resumes as well" {
    bco-refcache -q -m "$model" --ids --kto --kto-batch 8 ref.jsonl -o kl.jsonl && mv kl.jsonl ref.jsonl
    train --loss kto --down-weight 0 -o whole
    grep -q '"z":[0-9.e-]*[1-9]' whole/metrics.jsonl
    bco-train $settings --loss kto --down-weight 0 --save-every 7 -o cut ref.jsonl &
    until [ "$(wc -l 2>/dev/null <cut/metrics.jsonl || echo 0)" -ge 11 ]; do :; done
    kill -9 $! 2>/dev/null || :
    wait || :
    train --loss kto --down-weight 0 --save-every 7 --resume -o cut
    same whole cut
}

@test "SIGTERM saves a checkpoint and leaves with 4" {
    bco-train ${settings#-q} --steps 100000 -o out ref.jsonl 2>err &
    until [ "$(wc -l 2>/dev/null <out/metrics.jsonl || echo 0)" -ge 5 ]; do :; done
    kill -TERM $!
    code=0
    wait $! || code=$?
    [ $code -eq 4 ]
    cat err
    [[ $(tail -n 1 err) =~ ^bco-train:\ interrupted,\ saved\ after\ step\ [0-9]+\ of\ 100000:\ --resume\ goes\ on$ ]]
    [ "$(ls out/checkpoints | wc -l)" -eq 1 ]
    [ ! -e out/model.safetensors ]
}

@test "a run stopped by SIGINT ends as the uninterrupted one" {
    more="--schedule constant --warmup 2"
    env --default-signal bco-train ${settings#-q} $more --steps 100000 -o cut ref.jsonl 2>err &
    until [ "$(wc -l 2>/dev/null <cut/metrics.jsonl || echo 0)" -ge 2 ]; do :; done
    kill -INT $!
    code=0
    wait $! || code=$?
    [ $code -eq 4 ]
    cat err
    step=$(sed -n 's/.*interrupted, saved after step \([0-9]*\) .*/\1/p' err)
    train $more --steps $((step + 9)) --resume -o cut 2>/dev/null
    train $more --steps $((step + 9)) -o whole
    same whole cut
}

@test "a damaged checkpoint is found, said, and the one before is used" {
    train --save-every 5 -o whole
    cp -r whole cut && rm cut/README.md
    ls cut/checkpoints
    printf 'x' | dd of=cut/checkpoints/step-0000000030.bco bs=1 seek=5000 conv=notrunc 2>/dev/null
    run train --save-every 5 --resume -o cut
    [ "$status" -eq 0 ]
    same whole cut
    cp -r whole short && rm short/README.md
    truncate -s 100 short/checkpoints/step-0000000030.bco
    run bco-train ${settings#-q} --save-every 5 --resume -o short ref.jsonl
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "bco-train: short/checkpoints/step-0000000030.bco: damaged checkpoint: its state is too long; trying the one before" ]
    same whole short
}

@test "when every checkpoint is damaged the run stops and changes nothing" {
    train --save-every 5 -o cut && rm cut/README.md
    for file in cut/checkpoints/*; do printf 'x' | dd of="$file" bs=1 seek=5000 conv=notrunc 2>/dev/null; done
    cp -r cut before
    run train --save-every 5 --resume -o cut
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "bco-train: cut/checkpoints/step-0000000025.bco: damaged checkpoint: its checksum is wrong" ]
    diff -r before cut
}

@test "--keep says how many checkpoints stay" {
    train --save-every 4 --keep 3 -o out
    [ "$(ls out/checkpoints | tr '\n' ' ')" = "step-0000000024.bco step-0000000028.bco step-0000000030.bco " ]
}

@test "changed settings are refused by name" {
    train --save-every 10 -o out && rm out/README.md
    run train --resume -o out --beta 0.2
    [ "$status" -eq 1 ]
    [ "$output" = "bco-train: out/checkpoints: cannot resume with another --beta: 0.2, was 0.1" ]
    run train --resume -o out --steps 40
    [ "$status" -eq 1 ]
    [ "$output" = "bco-train: out/checkpoints: cannot resume with another --steps or --epochs: 40 steps, were 30 (only --schedule constant can)" ]
    run train --resume -o out --steps 20
    [ "$output" = "bco-train: out/checkpoints: cannot resume with another --steps or --epochs: 20 steps, were 30" ]
    run train --resume -o out --micro-records 4
    [ "$output" = "bco-train: out/checkpoints: cannot resume with another --micro-records: 4, was not there" ]
    run train --resume -o out --warmup 7
    [ "$output" = "bco-train: out/checkpoints: cannot resume with another --warmup (steps): 7, was 3" ]
    head -n 39 ref.jsonl >fewer
    run bco-train $settings --resume -o out fewer
    [ "$status" -eq 1 ]
    [[ $output == "bco-train: out/checkpoints: cannot resume with another records: "* ]]
}

@test "more steps are accepted by name where the schedule does not depend on them" {
    more="--schedule constant --warmup 2 --save-every 10"
    train $more --steps 40 -o whole
    train $more -o out
    run bco-train ${settings#-q} $more --steps 40 --resume -o out ref.jsonl
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "bco-train: resuming with another --steps or --epochs: 40 steps, were 30" ]
    cmp whole/model.safetensors out/model.safetensors
}

@test "a finished run is left as it is" {
    train --save-every 10 -o out
    cp -rp out before
    run bco-train ${settings#-q} --save-every 10 --resume -o out ref.jsonl
    [ "$status" -eq 0 ]
    [[ $output == "bco-train: finished before: nothing to do, "* ]]
    diff -r before out
    train -o plain
    cp -rp plain before2
    train --resume -o plain
    diff -r before2 plain
}

@test "nothing to resume: said, and begun" {
    run bco-train ${settings#-q} --resume -o out ref.jsonl
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "bco-train: nothing to resume: starting from the first step" ]
}

@test "a folder that holds something is not written into" {
    mkdir out && echo precious >out/file
    run train -o out
    [ "$status" -eq 1 ]
    [ "$output" = "bco-train: out: is there already and not empty; --resume goes on with a run" ]
    [ "$(ls out)" = file ]
    mkdir empty && train -o empty
}

@test "a full disk stops the run, and what was saved stays whole" {
    run train --metrics /dev/full -o out
    [ "$status" -eq 3 ]
    [ "$output" = "bco-train: /dev/full: cannot write: No space left on device" ]
    train --save-every 5 --steps 30 -o whole
    (
        trap '' XFSZ
        ulimit -f 40
        ! train --save-every 5 -o limited 2>err
    )
    cat err
    [[ $(cat err) == "bco-train: limited/checkpoints/step-0000000005.bco: "*"File too large" ]]
    [ -z "$(ls limited/checkpoints)" ]
    train --save-every 5 --resume -o limited
    same whole limited
}

@test "metrics that were cut behind the checkpoint's back are noticed" {
    train --save-every 5 -o out && rm out/README.md
    truncate -s 10 out/metrics.jsonl
    run train --save-every 5 --resume -o out
    [ "$status" -eq 1 ]
    [[ $output == "bco-train: out/metrics.jsonl: has 10 bytes, and had "*" when the checkpoint was saved" ]]
}

@test "runs on pairs and with --sft-weight resume as well" {
    awk 'BEGIN { for (i = 0; i < 20; i++)
        printf "{\"prompt_ids\":[%d,%d],\"chosen_ids\":[%d,9,2],\"rejected_ids\":[%d,2]}\n", 3 + i % 7, 5 + i % 11, 6 + i % 13, 7 + i % 5 }' |
        bco-refcache -q -m "$model" --ids -o pairs.jsonl
    for loss in dpo ipo nca; do
        pairs="-q -m $model --ids --lr 1e-3 --batch 3 --steps 12 --micro-tokens 25 --loss $loss --sft-weight 0.1 --save-every 5"
        bco-train $pairs -o whole-$loss pairs.jsonl
        cp -r whole-$loss cut-$loss && rm cut-$loss/README.md cut-$loss/checkpoints/step-0000000012.bco
        bco-train $pairs --resume -o cut-$loss pairs.jsonl
        same whole-$loss cut-$loss
    done
}

@test "every loss resumes within an epoch, whole, as an adapter, in bf16, by prompts" {
    awk 'BEGIN { for (i = 0; i < 20; i++)
        printf "{\"prompt_ids\":[%d,4],\"chosen_ids\":[%d,9,2],\"rejected_ids\":[%d,2]}\n", 3 + i % 7, 6 + i % 13, 7 + i % 5 }' >raw
    bco-refcache -q -m "$model" --ids --kto raw -o pairs.jsonl
    for loss in bco bce kto dpo ipo nca sft; do
        for mode in "" "--lora 2" "--lora 2 --precision bf16 --allow-mixed" "--order prompts --micro-records 2"; do
            rm -rf whole cut
            run="-q -m $model --ids --lr 1e-2 --batch 6 --steps 7 --micro-tokens 25 --loss $loss $mode"
            bco-train $run -o whole pairs.jsonl 2>/dev/null
            bco-train $run --save-every 5 -o cut pairs.jsonl 2>/dev/null
            rm cut/README.md cut/checkpoints/step-0000000007.bco
            bco-train $run --resume -o cut pairs.jsonl 2>/dev/null
            cmp whole/*.safetensors cut/*.safetensors
            steady whole >one && steady cut >two && cmp one two
            [ "$(wc -l <one)" -eq 7 ]
        done
    done
}

# usage: interrupted NAME SETTINGS...: whole-NAME runs through; cut-NAME is killed within the second epoch, and within a step's
# micro-batches, and resumed.
interrupted() {
    name=$1
    shift
    bco-train "$@" -o "whole-$name" ref.jsonl
    bco-train "$@" --save-every 3 -o "cut-$name" ref.jsonl &
    until [ "$(wc -l 2>/dev/null <"cut-$name/metrics.jsonl" || echo 0)" -ge 9 ]; do :; done
    kill -9 $! 2>/dev/null || :
    wait || :
    bco-train "$@" --save-every 3 --resume -o "cut-$name" ref.jsonl
    for file in "whole-$name"/*.safetensors; do cmp "$file" "cut-$name/${file##*/}"; done
    steady "whole-$name" >one && steady "cut-$name" >two && cmp one two
}

lora="--ids --lr 1e-2 --batch 8 --steps 24 --micro-tokens 30 --eval-every 4 --valid ref.jsonl --lora 3"

@test "adapters: killed and resumed they are as they would have been" {
    interrupted lora -q -m "$model" $lora
    interrupted targets -q -m "$model" $lora --lora-targets q_proj,up_proj --stop-patience 9 --stop-on accuracy
    interrupted on -q -m "$model" -a whole-lora ${lora% --lora 3} --loss bce --sft-weight 0.1
}

@test "adapters: changed settings are refused by name" {
    bco-train -q -m "$model" $lora --save-every 10 -o out ref.jsonl && rm out/README.md
    for change in "--lora 2" "--lora 3:4" "--lora 3 --lora-targets q_proj"; do
        run bco-train -q -m "$model" ${lora% --lora 3} $change --resume -o out ref.jsonl
        echo "$output"
        [ "$status" -eq 1 ]
        [[ $output == "bco-train: out/checkpoints: cannot resume with another --lora"*", was "* ]]
    done
    run bco-train -q -m "$model" ${lora% --lora 3} --resume -o out ref.jsonl
    [ "$output" = "bco-train: out/checkpoints: cannot resume with another --lora: not there, was 3:6" ]
    run bco-train -q -m "$model" $lora --resume --dtype bf16 -o out ref.jsonl
    [ "$status" -eq 0 ]
}

# survives OPTIONS WEIGHTS CONFIG KIB: a damaged checkpoint; a disk that is full after KIB; SIGTERM. The weights are those of
# the undisturbed run, and no model is there before its run has ended.
survives() {
    bco-train -q -m "$model" $1 --save-every 5 -o whole ref.jsonl
    cp -r whole cut && rm cut/README.md
    printf 'x' | dd of=cut/checkpoints/step-0000000024.bco bs=1 seek=5000 conv=notrunc 2>/dev/null
    run bco-train -m "$model" $1 --save-every 5 --resume -o cut ref.jsonl
    [ "${lines[0]}" = "bco-train: cut/checkpoints/step-0000000024.bco: damaged checkpoint: its checksum is wrong; trying the one before" ]
    cmp "whole/$2" "cut/$2"
    (
        trap '' XFSZ
        ulimit -f "$4"
        ! bco-train -q -m "$model" $1 --save-every 5 -o limited ref.jsonl 2>err
    )
    [[ $(cat err) == "bco-train: limited/checkpoints/step-0000000005.bco: "*"File too large" ]]
    bco-train -q -m "$model" $1 --save-every 5 --resume -o limited ref.jsonl
    cmp "whole/$2" "limited/$2"
    bco-train -m "$model" $1 --steps 100000 -o stopped ref.jsonl 2>err &
    until [ "$(wc -l 2>/dev/null <stopped/metrics.jsonl || echo 0)" -ge 5 ]; do :; done
    kill -TERM $!
    code=0
    wait $! || code=$?
    [ $code -eq 4 ]
    [ ! -e "stopped/$3" ]
}

@test "adapters: a damaged checkpoint, a full disk, SIGTERM" {
    survives "$lora" adapter_model.safetensors adapter_config.json 8
}

head="--ids --head --lr 1e-3 --batch 8 --steps 24 --micro-tokens 30 --eval-every 4 --valid ref.jsonl"

@test "classifiers, and adapters under heads and on adapters: killed and resumed they are as they would have been" {
    interrupted head -q -m "$model" $head --stop-patience 9
    interrupted shift -q -m "$model" $head --shift running
    interrupted both -q -m "$model" $head --loss bce --lora 3
    interrupted more -q -m "$model" $head -a whole-both --dtype f16
    interrupted under -q -m "$model" $lora
    interrupted stacked -q -m "$model" $lora -a whole-under
    interrupted bf16 -q -m "$model" $head --lora 3 --precision bf16
}

@test "classifiers: changed settings" {
    bco-train -q -m "$model" $head --save-every 5 -o cut ref.jsonl
    rm cut/README.md
    run bco-train -q -m "$model" ${head/--head/} --resume -o cut ref.jsonl
    [ "$status" -eq 1 ]
    [ "$output" = "bco-train: cut/checkpoints: cannot resume with another --head: not there, was yes" ]
    run bco-train -q -m "$model" $head --loss bce --resume -o cut ref.jsonl
    [ "$output" = "bco-train: cut/checkpoints: cannot resume with another --loss: bce, was bco" ]
    run bco-train -q -m "$model" $head --seed 3 --resume -o cut ref.jsonl
    [ "$output" = "bco-train: cut/checkpoints: cannot resume with another --seed: 3, was 0" ]
}

@test "classifiers: a damaged checkpoint, a full disk, SIGTERM" {
    survives "$head" model.safetensors config.json 40
}

@test "weights too large for --dtype lose no run" {
    for mode in "" "--lora 2"; do
        rm -rf out
        run bco-train -m "$model" --ids $mode --lr 1e6 --warmup 0 --steps 1 --dtype f16 -o out ref.jsonl
        [ "$status" -eq 1 ]
        [ "${lines[1]}" = "bco-train: the run is saved: --resume with another --dtype writes its model" ]
        [[ ${lines[2]} == "bco-train: out: field '"*"': it holds a number that is no finite F16" ]]
        bco-train -q -m "$model" --ids $mode --lr 1e6 --warmup 0 --steps 1 --dtype bf16 --resume -o out ref.jsonl
        ls out/*model.safetensors
    done
}

@test "what cannot begin leaves no folder behind, and an empty one of the user's stays" {
    for bad in "--lora 2 --lora-targets x" "--valid no-such" "--loss dpo"; do
        run bco-train -m "$model" --ids $bad -o out ref.jsonl
        [ "$status" -ne 0 ]
        [ ! -e out ]
    done
    run bco-train -m "$model" -o out ref.jsonl
    [ ! -e out ]
    mkdir out
    run bco-train -m "$model" --ids -o out /dev/null
    [ "$status" -eq 1 ]
    [ -d out ]
    rmdir out
    run bco-train -m "$model" --ids --lr 1e300 --schedule constant --warmup 0 -o out ref.jsonl
    [[ $output == *"is no number"* ]]
}
