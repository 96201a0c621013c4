printf '{"label":5,"prompt":"p","completion":"a"}\n{"label":1,"prompt":"p","completion":"b"}\n' | likert2bin --rating label
