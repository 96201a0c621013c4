printf 'prompt,chosen,rejected\np,a,b\n' >in.csv; pair2bin in.csv
