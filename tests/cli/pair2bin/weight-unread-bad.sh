echo '{"prompt":"p","chosen":"a","rejected":"b","weight":-1}' | pair2bin --balance none
