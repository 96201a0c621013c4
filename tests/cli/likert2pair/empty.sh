likert2pair </dev/null
