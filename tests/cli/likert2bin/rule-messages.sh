# Characters are those of all contents; the texts of messages are left alone.
printf '{"prompt":"p","completion":[{"role":"assistant","content":" \\u00e9\\ud83d\\ude00\\n\303\251"},{"role":"user","content":"b"}],"rating":5}\n' >in.jsonl
likert2bin --strip --balance none --min-chars 6 in.jsonl; likert2bin --balance none --min-chars 7 in.jsonl
