printf '{"q":"p","left":"x","right":"y","vote":"left wins"}\n{"q":"p","left":"z","right":"w","vote":null}\n' |
    pair2bin --prompt q --a left --b right --preference vote --prefer 'left wins=a,right wins=b,null=tie' 
