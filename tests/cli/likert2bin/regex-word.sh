printf '{"prompt":"p","response":"a","rating":"[[good]]"}\n{"prompt":"p","response":"b","rating":"[[bad]]"}\n' |
    likert2bin --rating-regex '\[\[(\w+)\]\]' --map good=up,bad=down
