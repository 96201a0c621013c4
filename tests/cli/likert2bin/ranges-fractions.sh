cat >in.csv <<'END'
prompt,response,rating
p,a,4.6666666667
p,b,4.33
p,c,1
END
likert2bin --balance none --up 4.5-5 in.csv
