# Without labels there is no up_share, and no comparison of it holds.
echo '{"prompt":"p","completion":"c"}' >in.jsonl
binstat --json in.jsonl; for e in 'up_share>0' 'up_share<=1' 'up_share!=0.5'; do binstat -o t --require "$e" in.jsonl; echo $?; done
