# Chosen before rejected; other fields stay in place.
cat >in.jsonl <<'END'
{"id":1,"prompt":"p","chosen":"a","rejected":"b","x":1.0}
{"rejected":"d","id":2,"chosen":"c","prompt":"q"}
END
pair2bin in.jsonl
