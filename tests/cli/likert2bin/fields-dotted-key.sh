printf '{"a.b":"p","a":{"b":"no"},"response":"x","rating":5}\n{"a.b":"p","response":"y","rating":1}\n' | likert2bin --prompt a.b
