printf '{"prompt":"p","chosen":"a","rejected":"b","margin":"2"}\n{"prompt":"p","chosen":"a","rejected":"b","margin":"much"}\n' | pair2bin --weight-field margin
