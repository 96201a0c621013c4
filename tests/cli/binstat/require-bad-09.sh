binstat --require 'records>1.2.3' in.jsonl
