# Each side by itself: one of a pair may stay.
cat >in.jsonl <<'END'
{"id":1,"prompt":"p","chosen":"a","rejected":"b","x":1.0}
{"rejected":"d","id":2,"chosen":"c","prompt":"q"}
END
pair2bin --balance none --min-chars 1 --reject completion~b in.jsonl
