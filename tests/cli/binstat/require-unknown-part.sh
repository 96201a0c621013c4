binstat --require 'prompt_chars>1' in.jsonl
