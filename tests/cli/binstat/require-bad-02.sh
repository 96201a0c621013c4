binstat --require 'records>' in.jsonl
