echo '{"prompt":"p","response":"a","rating":5}' | likert2bin --map good=up,bad=down
