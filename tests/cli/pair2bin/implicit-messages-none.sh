echo '{"chosen":[{"role":"user","content":"Hi"}],"rejected":[{"role":"user","content":"Ho"}]}' | pair2bin --implicit-prompt
