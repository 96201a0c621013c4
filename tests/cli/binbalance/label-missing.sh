echo '{"prompt":"p","completion":"b"}' | binbalance
