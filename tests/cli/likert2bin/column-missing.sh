printf 'prompt,answer,rating\np,a,5\n' | likert2bin --format csv
