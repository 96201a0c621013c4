[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
M=$ROOT/examples/demo/model
A=$ROOT/examples/data/adapter
B=$SHARED/golden/bad_models
try() { bco-merge -q "$@"; echo "exit $?"; }
try
try -m "$M"
try -m "$M" -a "$A"
try -m "$M" -a "$A" -o out file
try -m "$M" -a "$A" -o out --rejects file
try -m "$M" -a "$A" -o out --dtype f64
for adapter in adapter-dora adapter-ia3 adapter-other-model adapter-rank; do try -m "$B/good" -a "$B/$adapter" -o out; done
try -m "$B/truncated-data" -a "$B/good-adapter" -o out
try -m no-such-model -a "$A" -o out
try -m "$M" -a no-such-adapter -o out
try -m "$M" -a "$A" -o no/such/folder
mkdir full
echo keep >full/file
try -m "$M" -a "$A" -o full
try -m "$M" -a "$A" -o full/file
cat full/file
ls -A . full
