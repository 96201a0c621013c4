# Lists of messages pass, and the order of a message's keys makes no difference to duplicates.
cat >in.jsonl <<'END'
{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"Yo"}],"rating":5}
{"prompt":[{"content":"\u0048i","role":"user"}],"completion":[{"role":"assistant","content":"Yo"}],"rating":5}
{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"No"}],"rating":1}
END
likert2bin in.jsonl
