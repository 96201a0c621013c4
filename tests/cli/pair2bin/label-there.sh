echo '{"prompt":"p","chosen":"a","rejected":"b","label":1}' | pair2bin
