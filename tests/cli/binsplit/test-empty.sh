printf '{"prompt":"p%s","completion":"c","label":true}\n' 1 2 3 4 | binsplit --train a --valid b --share 0.5 --test c
cat a b | wc -l
wc -c <c
