echo '{"prompt":"p","question":"q","completion":"b","rating":5}' | likert2bin --prompt question
