binstat --require "$(printf '%070d' 0 | tr 0 '(')records>1" in.jsonl
