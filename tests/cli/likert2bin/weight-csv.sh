printf 'prompt,response,rating,weight\np,a,5,2\n' | likert2bin --format csv
