# Classes with the same prompts: said, and the weights are near 1. With few prompts there is no AUC.
awk 'BEGIN { srand(1); for (i = 0; i < 200; i++) printf "{\"prompt\":\"p\",\"completion\":\"c\",\"label\":%d,\"e\":[%d,%d]}\n", i % 2, i % 100 / 2 % 7, i % 100 / 2 % 5 }' >same.jsonl
bco-udm --embedding e same.jsonl | grep -o '"weight":[0-9]*\.\?[0-9]' | sort -u
head -n 4 same.jsonl | bco-udm --embedding e | grep -c weight
