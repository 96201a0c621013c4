seq 500001 | sed 's/.*/{"prompt":"p&","completion":"c","label":true}/' | binbalance --by prompt --format jsonl
