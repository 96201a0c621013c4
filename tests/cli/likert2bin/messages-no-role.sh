echo '{"prompt":[{"role":"user","content":"Hi"},{"content":"x"}],"response":"a","rating":5}' | likert2bin
