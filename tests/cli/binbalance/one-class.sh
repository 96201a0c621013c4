echo '{"prompt":"p","completion":"a","label":true}' | binbalance
