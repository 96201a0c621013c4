printf 'prompt,completion\np,c\n' >in.csv; binstat in.csv
