printf '{"prompt":"answer","completion":"question","rating":5}\n{"prompt":"other","completion":"question","rating":1}\n' |
    likert2bin --prompt completion --completion prompt
