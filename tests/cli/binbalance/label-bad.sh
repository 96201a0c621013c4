echo '{"prompt":"p","completion":"b","label":"yes"}' | binbalance
