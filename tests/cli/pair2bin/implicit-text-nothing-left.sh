printf '%s\n' '{"chosen":"Human: Hi\n\nAssistant:","rejected":"Human: Hi\n\nAssistant: Yo"}' | pair2bin --implicit-prompt
