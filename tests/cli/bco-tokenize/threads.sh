i=0
while [ $i -lt 600 ]; do
    echo "hello world $i the <s> we"
    i=$((i + 1))
done >lines
bco-tokenize -q -j 1 -m $ROOT/examples/data --text lines >one
bco-tokenize -q -j 4 -m $ROOT/examples/data --text lines >four
cmp one four && wc -l <one
