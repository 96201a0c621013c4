# Chosen and rejected win where both are there; a given --preference wins over them.
echo '{"prompt":"p","chosen":"c","rejected":"r","response_a":"x","response_b":"y","preference":"b"}' >in.jsonl
pair2bin in.jsonl; pair2bin --preference preference in.jsonl
