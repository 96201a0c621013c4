cat >in.jsonl <<'END'
{"prompt":"p","completion":"\u00e9\ud83d\ude00","label":true,"ref_logp":-1.5}
{"prompt":"p","completion":"abc","label":0,"weight":0.5}
{"prompt":"p","completion":"abc","label":1}
{"prompt":"q","completion":"abcd","label":true}
{"prompt":"q","completion":"abcd","label":true}
END
binstat --json in.jsonl
