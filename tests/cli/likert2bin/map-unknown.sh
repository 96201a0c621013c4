echo '{"prompt":"p","response":"a","rating":"Meh"}' | likert2bin --map good=up,bad=down
