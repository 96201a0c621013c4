echo '{"prompt":"s","response_a":"x","response_b":"y","preference":"tie"}' | pair2bin
