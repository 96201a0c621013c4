echo '{"prompt":"p","completion":"c","label":"True"}' | binstat
