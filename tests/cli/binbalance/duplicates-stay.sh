printf '{"prompt":"p","completion":"a","label":true}\n{"prompt":"p","completion":"a","label":true}\n{"prompt":"p","completion":"b","label":false}\n' | binbalance
