printf '{"prompt":"p ","completion":" a","label":true}\n{"prompt":"p","completion":"a","label":false}\n' | binbalance --strip
