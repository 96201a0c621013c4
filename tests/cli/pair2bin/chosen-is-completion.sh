echo '{"prompt":"p","completion":"a","rejected":"b"}' | pair2bin --chosen completion
