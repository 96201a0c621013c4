printf 'prompt,response,rating\np,a,inf\n' | likert2bin --format csv
