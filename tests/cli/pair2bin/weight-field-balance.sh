printf '{"prompt":"p","chosen":"a","rejected":"b","margin":2.5}\n{"prompt":"q","chosen":"c","rejected":"d","margin":1}\n' | pair2bin --weight-field margin --balance weight --reject completion~c
