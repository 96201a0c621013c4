# Input made to break a parser, a tokenizer or a sum: a message and exit code 1, never a crash or weights that are no numbers.
one() {
    echo "$1"
    shift
    { echo '{"prompt":"p","completion":"c","label":true,"e":[1,2]}' && cat; } | timeout 300 bco-udm --embedding e "$@" >out 2>err
    code=$?
    cut -c 1-150 err
    grep -ciE '"weight":("|nan|-?inf)' out
    echo "exit $code"
}
awk 'BEGIN { printf "{\"prompt\":\"p\",\"completion\":\"c\",\"label\":false,\"e\":"; for (i = 0; i < 200000; i++) printf "["; print "" }' | one "lists in lists"
printf '{"prompt":"p","completion":"c","label":false,"e":[1,NaN]}\n' | one "NaN"
printf '{"prompt":"p","completion":"c","label":false,"e":[1,Infinity]}\n' | one "Infinity"
printf '{"prompt":"p","completion":"c","label":false,"e":{"0":1,"1":2}}\n' | one "an object"
printf '{"prompt":"p","completion":"c","label":false,"e":[[1],2]}\n' | one "a list inside"
printf '{"prompt":"p\377","completion":"c","label":false,"e":[1,2]}\n' | one "no UTF-8"
printf '{"prompt":"p","completion":"c","label":false,"e":[1,2]' | one "cut short"
printf '{"prompt":"p\\u0000q","completion":"c","label":false,"e":[3,2]}\n' | one "a NUL in the prompt"
printf '{"prompt":"p","completion":"c","label":false,"weight":1e308,"e":[3,2]}\n' | one "a huge weight"
printf '{"prompt":"p","completion":"c","label":false,"e":[1e308,-1e308]}\n{"prompt":"q","completion":"c","label":true,"e":[-1e308,1e308]}\n' | one "huge numbers"
printf '{"prompt":"p","completion":"c","label":false,"e":[5e-324,0]}\n' | one "the least numbers"
awk 'BEGIN { printf "{\"prompt\":\"p\",\"completion\":\"c\",\"label\":false,\"e\":[1"; for (i = 0; i < 300000; i++) printf ",1"; print "]}" }' | one "a long list"
head -c 3000 /dev/zero | one "zeros"
