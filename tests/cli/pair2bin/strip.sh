printf '{"prompt":" p","chosen":"a ","rejected":"b"}\n' | pair2bin --strip
