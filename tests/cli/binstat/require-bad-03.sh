binstat --require 'records>1 and' in.jsonl
