printf '{"prompt":"p","response":"b","rating":1,"pro\\u006dpt":"q"}\n' | likert2bin
