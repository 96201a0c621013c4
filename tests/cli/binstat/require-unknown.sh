binstat --require 'ups>1' in.jsonl
