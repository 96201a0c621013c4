# What RFC 4180 does not allow is refused at the line where its row starts, and the rows behind it are read.
table() { printf "$1" >in.csv && binsplit -q --by a --share 0 --rejects bad.jsonl --train out.jsonl --valid none.jsonl in.csv; cat out.jsonl bad.jsonl; rm -f out.jsonl bad.jsonl; }
table 'a,b\n1,x"y"\n2,3\n'
table 'a,b\n1,"x"y\n2,3\n'
table 'a,b\n1, "x"\n2,3\n'
table 'a,b\n1,"x" \n2,3\n'
table 'a,b\n1\n2,3\n4,5,6\n7,\n'
table 'a,b\n2,3\n"1,x\n4,5\n'
table 'a,b\n"1\n1",x"\n2,3\n'
table 'a,b\n\351,1\n2,3\n'
table 'a,b\n"\351",1\n2,3\n'
