cat >in.jsonl <<'END'
{"prompt":"p","completion":"\u00e9\ud83d\ude00","label":true,"ref_logp":-1.5}
{"prompt":"p","completion":"abc","label":0,"weight":0.5}
{"prompt":"p","completion":"abc","label":1}
{"prompt":"q","completion":"abcd","label":true}
{"prompt":"q","completion":"abcd","label":true}
END
for e in 'up_share>=0.8' 'records = 5 and prompts==2' 'records<5 or (duplicates >= 1 and conflicts=1)' 'completion_chars.p50 > 2.9' '1e0<2' 'up>down' 'records!=6'; do
    binstat --json -o out.json --require "$e" in.jsonl; echo $?; done
