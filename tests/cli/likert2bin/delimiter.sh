printf 'prompt|response|rating\np|a|5\np|b|1\n' | likert2bin --format csv --delimiter '|' 
