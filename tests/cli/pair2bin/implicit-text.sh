# Anthropic's dialogues: the prompt ends with the last common "Assistant:".
cat >in.jsonl <<'END'
{"chosen":"\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: Who?\n\nAssistant: Me, you.","rejected":"\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: Who?\n\nAssistant: Me."}
{"chosen":"Human: Hi\n\nAssistant: A\n\nHuman: B\n\nAssistant: C","rejected":"Human: Hi\n\nAssistant: A thing"}
END
pair2bin --implicit-prompt in.jsonl; pair2bin -q --implicit-prompt --strip in.jsonl
