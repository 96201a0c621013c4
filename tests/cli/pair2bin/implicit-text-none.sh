echo '{"chosen":"Yes","rejected":"Yo"}' | pair2bin --implicit-prompt
