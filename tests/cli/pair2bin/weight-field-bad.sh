printf '{"prompt":"p","chosen":"a","rejected":"b","margin":"2"}\n' | pair2bin --weight-field margin
