try() { bco-winrate "$@"; echo "exit $?"; }
printf '%s\n' preference,length_model,length_baseline,model 1.2,10,12,x 2,30,20,x 1,5,5,x 1.5,7,8,y >p.csv
printf '%s\n' index,instruction_difficulty 0,-0.5 1,0.25 2,1 >d.csv
printf '%s\n' model,glm_length,glm_difficulty,glm_not_gamed x,-1,0.5,0.25 >w.csv
try --by model --difficulty d.csv --weights w.csv p.csv
try --json --difficulty d.csv --weights w.csv --by model p.csv 2>/dev/null | sed -E 's/(\.[0-9]{6})[0-9]+/\1/g'
printf "%s\n" index,instruction_difficulty 0,-0.5 2,1 >bad.csv; try --difficulty bad.csv p.csv
printf "%s\n" index,instruction_difficulty 0,-0.5 >bad.csv; try --difficulty bad.csv p.csv
printf "%s\n" index,difficulty 0,-0.5 >bad.csv; try --difficulty bad.csv p.csv
printf '%s\n' glm_length,glm_difficulty,glm_not_gamed -1,0.5, >bad.csv
try --difficulty d.csv --weights bad.csv --by model p.csv
printf '%s\n' glm_length,glm_difficulty,glm_not_gamed -1,0.5,2 -1,0.5,2 >bad.csv
try --difficulty d.csv --weights bad.csv --by model p.csv
try --difficulty d.csv --weights no-such-file p.csv
