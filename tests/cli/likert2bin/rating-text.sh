printf '{"prompt":"p","response":"a","rating":" 5\\t"}\n{"prompt":"p","response":"b","rating":"04.50"}\n' | likert2bin
