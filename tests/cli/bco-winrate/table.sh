printf '%s\n' '{"prompt":"p","winner":"a"}' '{"prompt":"p","winner":"tie","order":"ba"}' '{"prompt":"q","winner":"b"}' '{"prompt":"r","winner":"a"}' '{"prompt":"r","winner":null}' | bco-winrate
