cat >in.jsonl <<'END'
{"prompt":"p","completion":"a","label":true,"user":1}
{"prompt":"p","completion":"b","label":0,"user":1,"x":1.0}
{"prompt":"q","completion":"c","label":false,"user":2}
{"prompt":"q","completion":"d","label":1,"user":2}
{"prompt":"r","completion":"e","label":false,"user":2}
{"prompt":"r","completion":"f","label":false,"user":2}
END
: >c; binbalance --counts c in.jsonl
