echo '{"chosen":[{"role":"user","content":"Hi"}],"rejected":[{"role":"user","content":"Hi"},{"role":"assistant","content":"No"}]}' | pair2bin --implicit-prompt
