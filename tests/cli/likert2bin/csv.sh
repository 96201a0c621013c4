printf '\357\273\277sep=;\r\nprompt;response;rating;note\r\np;"two\r\nlines";5; x \r\np;"a ""q""";1;\r\n' >in.csv; likert2bin in.csv
