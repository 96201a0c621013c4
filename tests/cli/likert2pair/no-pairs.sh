printf '{"prompt":"p","response":"a","rating":5}\n{"prompt":"q","response":"b","rating":1}\n' | likert2pair
