printf 'hello world\n' | bco-tokenize -q -m $ROOT/examples/data --text -o ids.zst
zstd -dc ids.zst
