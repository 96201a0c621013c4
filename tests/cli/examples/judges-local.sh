# The judges that need nothing: by keyword and by length, on texts and on messages.
p() { for c; do echo "{\"prompt\":\"${c%%=*}\",\"completion\":\"${c#*=}\"}"; done; }
p 'say \",\"a\":\"button\",\"b\":\"=Press the Button.' 'q=Sorry.' 'r=plug \"in\"' >a
p 'say \",\"a\":\"button\",\"b\":\"=Press it, with buttons.' 'q=Hold the plug.' 'r={button' >b
echo '{"prompt":[{"role":"user","content":"button plug"}],"completion":[{"role":"assistant","content":"ééé plug"}]}' >>a
echo '{"prompt":[{"role":"user","content":"button plug"}],"completion":[{"role":"assistant","content":"é"},{"role":"assistant","content":"1234567"}]}' >>b
show() { sed -E 's/.*("winner":[^,]*).*("length_a":[0-9]*,"length_b":[0-9]*).*("order":"..").*"judge":"[^"]*"/\1 \2 \3/'; }
bco-judge --command "$ROOT/examples/judges/keyword BUTTON plug" a b | show
bco-judge --one-order --command "$BUILD/examples/judges/length" a b | show
bco-judge -q --one-order --command "$BUILD/examples/judges/length --shorter" a b | show
bco-judge -q --command "$ROOT/examples/judges/keyword" a b >/dev/null
echo "exit $?"
