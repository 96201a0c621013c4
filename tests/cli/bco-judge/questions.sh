printf '%s\n' '{"id":1,"prompt":"a \"b\"\n","completion":"x"}' '{"id":2,"prompt":[{"role":"user","content":"é"}],"completion":[{"role":"assistant","content":"yes é"}]}' >a
printf '%s\n' '{"id":2,"prompt":[{"content":"\u00e9","role":"user"}],"completion":"no"}' '{"id":1,"prompt":"a \"b\"\n","completion":"y","extra":0}' >b
cat >judge <<'END'
while read -r x; do printf '%s\n' "$x" >&2; echo '{"score_a":1,"score_b":2.5,"why":"-"}'; done
END
bco-judge --one-order --command 'sh judge' a b
