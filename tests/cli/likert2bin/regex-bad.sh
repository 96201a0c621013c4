likert2bin --rating-regex '([0-9' in.jsonl
