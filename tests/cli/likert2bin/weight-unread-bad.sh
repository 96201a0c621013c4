# Nothing here needs the weight, but the trainer will.
echo '{"prompt":"p","response":"a","rating":5,"weight":"heavy"}' | likert2bin --balance none
