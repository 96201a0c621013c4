. "$ROOT/tests/cli/tiny_model.bash"
tiny_model m
echo '{"prompt_ids":[3],"completion_ids":[5],"label":true}' | bco-refcache -q -m m --ids -o ref.jsonl
for lora in 0 -1 x 4: 4:0 4:x 4,8 65537 4:8:2 ''; do
    bco-train -m m -o out --ids --lora "$lora" ref.jsonl; echo $?
done
bco-train -m m -o out --ids --lora-targets q_proj ref.jsonl; echo $?
bco-train -m m -o out --ids --lora 2 --lora-targets q_proj,w_proj ref.jsonl; echo $?
bco-train -m m -o out --ids --lora 2 --init random ref.jsonl; echo $?
bco-train -m m -o out --ids -a no-such ref.jsonl; echo $?
bco-train -m m -o out --ids --stop-on accuracy ref.jsonl; echo $?
bco-train -m m -o out --ids --loss sft --stop-patience 1 --stop-on accuracy --valid ref.jsonl ref.jsonl; echo $?
bco-train -m m -o out --ids --dtype f64 ref.jsonl; echo $?
ls
echo "a loss that is no number:"
bco-train -m m -o nan --ids --lora 2 --lr 1e30 --schedule constant --warmup 0 --clip 0 --steps 3 ref.jsonl; echo $?
