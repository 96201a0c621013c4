. "$ROOT/tests/cli/tiny_model.bash"
tiny_model m
echo '{"prompt_ids":[3],"completion_ids":[5],"label":true}' >one.jsonl
for loss in sft dpo ipo nca kto; do bco-train -m m -o out --ids --head --loss $loss one.jsonl; echo $?; done
bco-train -m m -o out --ids --head --beta 0.1 one.jsonl; echo $?
bco-train -m m -o out --ids --head --sft-weight 0.1 one.jsonl; echo $?
bco-train -m m -o out --ids --head --shift ema one.jsonl 2>/dev/null; echo $?
bco-train -m out -o again --ids one.jsonl; echo $?
echo '{"prompt_ids":[3],"completion_ids":[5]}' | bco-train -m m -o again --ids --head; echo $?
bco-train -m m -o adapter -q --ids --head --lora 2 one.jsonl 2>/dev/null
bco-train -m m -o again -a adapter --ids one.jsonl; echo $?
bco-train -m m -o again --head --ids --lr 1e30 --schedule constant --warmup 0 --clip 0 --steps 3 one.jsonl; echo $?
ls
