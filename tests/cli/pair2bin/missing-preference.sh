echo '{"prompt":"p","response_a":"a","response_b":"b"}' | pair2bin --preference winner
