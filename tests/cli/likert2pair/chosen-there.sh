echo '{"prompt":"p","response":"a","rating":5,"chosen":"x"}' | likert2pair
