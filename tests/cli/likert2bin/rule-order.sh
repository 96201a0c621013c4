# A rule comes before a dropped rating, and the first rule that says no is counted.
printf '{"prompt":"p","completion":"abc","rating":1}\n' | likert2bin --balance none --drop 1 --keep 'completion~b' --reject 'completion~a' --min-chars 9
