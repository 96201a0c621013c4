echo '{"prompt":"p","chosen":"a","rejected":"b"}' | binbalance
