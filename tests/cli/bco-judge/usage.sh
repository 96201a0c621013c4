try() { bco-judge "$@" a b; echo "exit $?"; }
echo '{"prompt":"p","completion":"x"}' >a
cp a b
try 2>&1 | tail -n 2
{
    try --command cat --prefer-regex x
    try --reward-model m --command cat
    try --prefer-regex x --timeout 1
    try --prefer-regex x --retries 1
    try --reward-model m --max-answer 1
    try --reward-model m --parallel 2
    try --command cat -a adapter
    try --command cat --chat-template t
    try --prefer-regex x --strict-template
    try --command cat --max-length 9
    try --command cat --max-prompt 9
    try --prefer-regex x --overlong drop
    try --command cat --no-bos
    try --command cat --no-eos
    try --command cat --batch-tokens 9
    try --prefer-regex x --precision bf16
    try --reward-model m --precision f16
    try --command cat --parallel 0
    try --command cat --timeout 0
    try --reward-model m --overlong never
    bco-judge --command cat - -
    echo "exit $?"
} 2>&1 | grep -v '^usage:'
