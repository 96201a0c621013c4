[ -e /dev/full ] || { echo "no /dev/full"; exit 77; }
echo '{"prompt":"p","winner":"a"}' | bco-winrate -q >/dev/full
echo "exit $?" >&2
echo '{"prompt":"p","winner":"a"}' | bco-winrate -q -o no-such-folder/x
echo "exit $?" >&2
