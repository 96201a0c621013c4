# A prompt of messages with completions that are texts.
echo '{"prompt":[{"role":"user","content":"Hi"}],"chosen":"Yo","rejected":"No"}' | pair2bin
