printf 'prompt,completion,label\np,a,true\n' | binstat --format csv
