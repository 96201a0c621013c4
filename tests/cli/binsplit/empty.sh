binsplit --train t --valid v </dev/null; code=$?; ls; exit $code
