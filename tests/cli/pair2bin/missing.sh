echo '{"prompt":"p","chosen":"a"}' | pair2bin
