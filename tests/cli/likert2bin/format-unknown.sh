echo 'prompt,response,rating' | likert2bin
