printf '{"text":"x"}\n{"prompt":"x"}\n{' | binsplit --train t --valid v --rejects r; cat r
