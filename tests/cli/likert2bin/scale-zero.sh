printf '{"prompt":"p","response":"a","rating":0}\n{"prompt":"p","response":"b","rating":4}\n' | likert2bin --scale 0-4
