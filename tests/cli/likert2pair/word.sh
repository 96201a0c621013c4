echo '{"prompt":"p","response":"a","rating":"Good"}' | likert2pair
