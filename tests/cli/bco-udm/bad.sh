# What is wrong with records is named, or goes to the rejects.
echo '{"prompt":"p","completion":"c","label":true,"e":[1,2]}' >good.jsonl
one() { cat good.jsonl - | bco-udm --embedding e; echo $?; }
echo '{"prompt":"p","completion":"c","label":false}' | one
echo '{"prompt":"p","completion":"c","label":false,"e":"x"}' | one
echo '{"prompt":"p","completion":"c","label":false,"e":[]}' | one
echo '{"prompt":"p","completion":"c","label":false,"e":[1]}' | one
echo '{"prompt":"p","completion":"c","label":false,"e":[1,"2"]}' | one
echo '{"prompt":"p","completion":"c","label":false,"e":[1,1e400]}' | one
echo '{"prompt":"p","completion":"c","e":[1,2]}' | one
echo '{"prompt":"p","chosen":"c","rejected":"d","e":[1,2]}' | one
echo '{"prompt":"p","completion":"c","label":true,"e":[1,3]}' | one
echo '{"prompt":"p","completion":"c","label":false,"weight":0,"e":[1,3]}' | one
echo '{"prompt":"p","completion":"c","label":false,"weight":-1,"e":[1,3]}' | one
bco-udm --embedding e </dev/null; echo $?
bco-udm --embedding e missing.jsonl; echo $?
bco-udm --embedding e -o no/where.jsonl good.jsonl; echo $?
printf '%s\n' '{"prompt":"p","completion":"c","label":false,"e":[2,2]}' 'junk' '{"prompt":"p","completion":"c","label":false,"e":[1]}' |
    cat good.jsonl - | bco-udm --embedding e --rejects rejects; echo $?
cut -d, -f 1-3 rejects
