echo '{"text":"x"}' | binsplit --train t --valid v
