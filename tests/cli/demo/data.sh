# What the world makes: nothing held out is in the training data, and one seed gives the same bytes.
world=$(dirname "$(command -v bco-judge)")/../examples/demo/world
"$world" questions held-out | sed 's/.*"prompt":/"prompt":/; s/}//' | sort >held-out
"$world" questions train | sed 's/.*"prompt":/"prompt":/; s/}//' | sort >train
wc -l <held-out
wc -l <train
comm -12 held-out train
"$world" text 2000 7 >text
"$world" text 2000 7 | cmp - text
sed 's/{//; s/,"completion.*//' text | sort -u | comm -12 - held-out
tail -n +2 "$ROOT/examples/demo/ratings.csv" | sed 's/^"\([^"]*\)".*/"prompt":"\1"/' | sort -u | comm -12 - held-out
"$world" 2>/dev/null
echo "exit $?"
