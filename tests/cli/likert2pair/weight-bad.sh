printf '%s\n' '{"prompt":"p","response":"a","rating":5,"weight":1}' '{"prompt":"p","response":"b","rating":4,"weight":null}' | likert2pair
