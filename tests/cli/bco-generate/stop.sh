# A stop text may lie over several tokens, begin inside one, and be two at once: the completion ends before the first of them.
M=$ROOT/examples/demo/model
echo '{"prompt":"How do I reset my printer?"}' >one
ask() { bco-generate -q -m "$M" --greedy "$@" one; }
ask
ask --stop 'er, ho'
ask --stop 'ower b' --stop 'power'
ask --stop 'no such text' --stop 'ten seconds.'
ask --stop 'To'
# With --logp the tokens up to the one that ends it count.
ask --stop 'er, ho' --logp | sed -E 's/(logp":-[0-9]+\.[0-9]{3})[0-9]*/\1/'
