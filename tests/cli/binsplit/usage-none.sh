binsplit in.jsonl
