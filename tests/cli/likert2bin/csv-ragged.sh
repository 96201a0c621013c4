printf 'prompt,response,rating\np,a,5\np,"two\nlines",1,more\n' | likert2bin --format csv
