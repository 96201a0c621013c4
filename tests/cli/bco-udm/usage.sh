bco-udm </dev/null; echo $?
bco-udm --embedding e --clip 0:10 </dev/null; echo $?
bco-udm --embedding e --clip 2:1 </dev/null; echo $?
bco-udm --embedding e --clip 1 </dev/null; echo $?
bco-udm --embedding e --clip 1:inf </dev/null; echo $?
bco-udm --embedding e --ridge 0 </dev/null; echo $?
bco-udm --embedding e -m model </dev/null; echo $?
bco-udm --embedding e --ids </dev/null; echo $?
bco-udm --embedding e --no-bos </dev/null; echo $?
bco-udm --embedding e --max-length 9 </dev/null; echo $?
bco-udm --embedding e --batch-tokens 9 </dev/null; echo $?
bco-udm --embedding e --chat-template x </dev/null; echo $?
bco-udm --embedding e -a x </dev/null; echo $?
bco-udm --pairs </dev/null; echo $?
bco-udm -m missing </dev/null; echo $?
