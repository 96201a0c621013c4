likert2bin --format csv --delimiter '||' in.csv
