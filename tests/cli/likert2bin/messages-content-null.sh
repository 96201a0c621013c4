# What bco-refcache refuses is refused here: content must be a text.
echo '{"prompt":[{"role":"user","content":null}],"response":"a","rating":5}' | likert2bin --balance none
