binstat </dev/null
