printf '{"q":"p","text":"a","stars":"4"}\n{"q":"p","text":"b","stars":" 2.50"}\n' | likert2pair --prompt q --completion text --rating stars
