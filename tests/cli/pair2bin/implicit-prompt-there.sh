printf '%s\n' '{"prompt":"p","chosen":"Human: Hi\n\nAssistant: a","rejected":"Human: Hi\n\nAssistant: b"}' | pair2bin --implicit-prompt
