printf '{"m":{"q":"p","a":"x","r":4}}\n{"m":{"q":"p","a":"y","r":2}}\n' | likert2pair --prompt m.q --completion m.a --rating m.r
