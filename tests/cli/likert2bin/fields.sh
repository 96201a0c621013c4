printf '{"a":{"b":["x",{"c":"deep"}],"n":4.50},"q":"p","stars":"5"}\n{"stars":1,"q":"p","a":{"b":[0,{"c":"other"}]}}\n' |
    likert2bin --prompt q --completion a.b.1.c --rating stars
