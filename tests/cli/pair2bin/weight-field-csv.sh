printf 'prompt,chosen,rejected,margin\np,a,b, 2.50\nq,c,d,0\n' | pair2bin --format csv --weight-field margin
printf 'prompt,chosen,rejected,weight\np,a,b,3\n' | pair2bin --format csv --weight-field weight
printf 'prompt,chosen,rejected,margin\np,a,b,-1\n' | pair2bin --format csv --weight-field margin
