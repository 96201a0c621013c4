printf '{"m":{"q":" p ","a":"a "},"rating":5}\n' | likert2bin --balance none --strip --prompt m.q --completion m.a
