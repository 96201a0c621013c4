try() { bco-winrate "$@"; echo "exit $?"; }
printf '%s\n' '{"prompt":"p","winner":"a"}' '{"prompt":"p","winner":"first"}' | try
printf '%s\n' '{"winner":"a"}' | try
printf '%s\n' '{"verdict":"a"}' | try
printf '%s\n' '{"prompt":"p","winner":"a"}' | try --format alpaca-eval
printf '%s\n' '{"prompt":"p","winner":null}' | try
printf '%s\n' '{"prompt":"p","winner":"a"}' | try --by kind
try </dev/null
try no-such-file
try --level 95
try --format arena
try --strong-weight 0
