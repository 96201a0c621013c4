# A key is what its escapes mean.
echo '{"prompt":[{"r\u006fle":"user","c\u006fntent":"x"}],"response":"a","rating":5}' | likert2bin -q --balance none
