echo '{"prompt":"p","chosen":"a","rejected":"b","completion":"c"}' | pair2bin
