# An empty prompt is BOS alone.
M=$ROOT/examples/demo/model
echo '{"prompt":""}' | bco-generate -q -m "$M" --greedy --max-new-tokens 5
echo '{"prompt":""}' | bco-generate -q -m "$M" --greedy --no-bos
echo "exit $?"
printf '\n\n' | bco-generate -q -m "$M" --greedy --text --max-new-tokens 5
echo "exit $?"
