printf '{"prompt":"x"}\n{' | binsplit --train t --valid v; code=$?; ls; exit $code
