# Neither batch nor threads nor the order of the records change a completion.
M=$ROOT/examples/demo/model
"$(dirname "$(command -v bco-judge)")/../examples/demo/world" questions held-out | head -n 60 >questions
bco-generate -q -m "$M" -n 2 questions -o all
for options in '-j 1' '-j 4' '--batch 1' '--batch 5' '--batch 200'; do
    bco-generate -q -m "$M" -n 2 $options questions | cmp - all && echo "same with $options"
done
sort -r questions | bco-generate -q -m "$M" -n 2 | sort >reversed
sort all | cmp - reversed && echo "same in another order"
bco-generate -q -m "$M" -n 2 --seed 1 questions | cmp -s - all || echo "other seed, other completions"
bco-generate -q -m "$M" questions >once
sed -n 'p;n' all | cmp - once && echo "-n only adds"
