# A run in bf16 stays beside that in f32: no further than twice what the same run by transformers under autocast to bf16 differs
# from its own in f32 on this model (tests/long/bf16_trace.sh compares ten families with it).
[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
. "$ROOT/tests/cli/bf16_trace.bash"
model=$SHARED/golden/models/llama-gqa-tied
printf '{"prompt_ids":[3,4],"completion_ids":[5,2],"label":true}\n' | bco-refcache -m "$model" --ids --precision bf16 2>&1 >/dev/null |
    grep 'f32 is used' && exit 77
bf16_trace "$model"
bf16_differs | awk '{ split("0.0020 0.0097 0.00077 0.0057 0.0100", most); split("loss,rewards,delta,gradient,log-probs", what, ",")
    for (i = 1; i <= 5; i++) print what[i] ": " ($i == 0 ? "bf16 is not used" : $i > most[i] ? "differs by " $i ", more than " most[i] : "near") }'
