echo '{"chosen":[{"role":"user","content":"Hi"}],"rejected":"Ho"}' | pair2bin --implicit-prompt
