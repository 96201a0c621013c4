binstat --require 'not records>1' in.jsonl
