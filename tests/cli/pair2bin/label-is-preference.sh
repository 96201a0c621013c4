echo '{"prompt":"p","response_a":"a","response_b":"b","label":1}' | pair2bin --preference label
