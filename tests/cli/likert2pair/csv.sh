printf 'prompt,response,rating\np,a,5\np,b,1\n' >in.csv; likert2pair in.csv
