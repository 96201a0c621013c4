echo '{"prompt":"p","completion":"c","label":true,"weight":-1}' | binstat
