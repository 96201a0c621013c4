echo '{"prompt":"p","completion":"x"}' >a
echo '{"prompt":"p","completion":"y"}' >b
# Ends after its first answer, and fails to give one every second time.
cat >judge <<'END'
read -r x
if [ -e seen ]; then rm seen; echo a; else : >seen; exit 1; fi
END
bco-judge --command 'sh judge' --retries 2 a b
