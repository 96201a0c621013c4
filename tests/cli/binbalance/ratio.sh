# The short side grows to round(larger x ratio); or the long one shrinks.
cat >in.jsonl <<'END'
{"prompt":"p","completion":"a","label":true,"user":1}
{"prompt":"p","completion":"b","label":0,"user":1,"x":1.0}
{"prompt":"q","completion":"c","label":false,"user":2}
{"prompt":"q","completion":"d","label":1,"user":2}
{"prompt":"r","completion":"e","label":false,"user":2}
{"prompt":"r","completion":"f","label":false,"user":2}
END
for r in 1:1 1:2 2:1 1:3 3:4 0.5:2; do binbalance --ratio $r -o out in.jsonl; binbalance --ratio $r --method undersample -o out in.jsonl; done
binbalance --ratio 3:1 --method weight in.jsonl
