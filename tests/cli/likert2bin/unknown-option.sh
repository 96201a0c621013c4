likert2bin --stars 5
