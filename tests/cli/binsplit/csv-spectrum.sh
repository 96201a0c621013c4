# The cases of csv-spectrum, each table with its rows as they must come out (RFC 4180). An empty line is no row.
rows() { # NAME FIELD; the table on standard input
    cat >"$1.csv"
    binsplit -q --by "$2" --share 0 --train out.jsonl --valid none.jsonl "$1.csv" && sed "s/^/$1: /" out.jsonl
}
printf 'first,last,address,city,zip\nJohn,Doe,120 any st.,"Anytown, WW",08123\n' | rows comma_in_quotes first
printf 'a,b,c\n1,"",""\n2,3,4\n' | rows empty a
printf 'a,b,c\r\n1,"",""\r\n2,3,4\r\n' | rows empty_crlf a
printf 'a,b\n1,"ha ""ha"" ha"\n3,4\n' | rows escaped_quotes a
printf 'key,val\n1,"{""type"": ""Point"", ""coordinates"": [102.0, 0.5]}"\n' | rows json key
printf 'lat,lng\n"37.7749° N","122.4194° W"\n40° 26′ 46″ N,79° 58′ 56″ W\n' | rows location_coordinates lat
printf 'a,b,c\n1,2,3\n"Once upon \na time",5,6\n7,8,9\n' | rows newlines a
printf 'a,b,c\r\n1,2,3\r\n"Once upon \r\na time",5,6\r\n7,8,9\r\n' | rows newlines_crlf a
printf 'a,b\n1,"ha \n""ha"" \nha"\n3,4\n' | rows quotes_and_newlines a
printf 'a,b,c\n1,2,3\n' | rows simple a
printf 'a,b,c\r\n1,2,3\r\n' | rows simple_crlf a
printf 'a,b,c\n1,2,3\n4,5,ʤ\n' | rows utf8 a
# Beyond it: no newline at the end, quotes and separators alone, a lone CR as the end of a line, blank lines between rows.
printf 'a,b\n1,"2"' | rows no_last_newline a
printf 'a,b\n"""","""a"""\n",","\n"\n' | rows nothing_else a
printf 'a,b\r1,2\r3,4\r' | rows lone_cr a
printf '\n\na,b\n\n1,2\n\r\n\n3,4\n\n' | rows blank_lines a
printf '\357\273\277"a","b"\r\n"1","2"\r\n' | rows bom_and_quoted_names a
printf 'sep=;\na;b\n1,5;"2;5"\n' | rows sep_line a
printf 'a\nx\n""\n\ny\n' | rows one_column a
printf 'a,"b\nc"\n1,2\n' | rows newline_in_a_name a
