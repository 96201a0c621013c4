: >in.jsonl; likert2bin in.jsonl -o out.jsonl; code=$?; ls; exit $code
