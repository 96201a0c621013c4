printf '{"prompt":"p","chosen":"a","rejected":"b","margin":2.50}\n{"prompt":"q","chosen":"c","rejected":"d","margin":0}\n' | pair2bin --weight-field margin
