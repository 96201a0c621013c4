printf 'prompt,response,rating\n' | likert2bin --format csv
