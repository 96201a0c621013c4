binstat --require 'records>1 xor up>1' in.jsonl
