# Tools that open no model load no OpenBLAS, whose threads would spin beside theirs.
for tool in likert2bin pair2bin likert2pair binbalance binsplit binstat bco-tokenize bco-winrate bco-plot bco-train; do
    "$tool" --version | grep -q OpenBLAS && echo "$tool has OpenBLAS"
done
true
