# The judge of the demo's world knows its rules: crafted answers, from good to bad.
world=$(dirname "$(command -v bco-judge)")/../examples/demo/world
q='How do I reset my printer?'
right='To reset the printer, hold its power button for ten seconds.'
while read -r answer; do
    printf '{"prompt":"%s","completion":"%s"}\n' "$q" "$answer"
done <<END | "$world" show | cut -f 2
Happy to help. $right Tell me if it works.
Good question. $right
Okay. $right
$right
$right Time flies.
$right Time flies. I like the color.
$right Time flies. Time flies.
Read the manual. $right
$right $right
$right hold its
Happy to help.
To reset the router, hold its power button for ten seconds.
To reset the printer, wipe it with a dry cloth.
To update the printer, open its settings and choose update.
To reset the router, hold its power button for ten seconds. $right
printer printer printer
END
ask() { printf '{"prompt":"%s","a":"%s","b":"%s"}\n' "$1" "$2" "$3"; }
{
    ask "$q" "$right" "Read the manual."
    ask "$q" "Not this again." "Happy to help. $right"
    ask "What is the best way to lock this watch?" "To lock the watch, set a code in its menu." "$right"
    ask "Who are you?" "x" "y"
    echo '{"prompt":"x"}'
} | "$world" judge
