[ -n "$SHARED" ] || { echo "no shared models"; exit 77; }
model=$SHARED/golden/models/llama-gqa-tied
bco-train -o out </dev/null; echo $?
bco-train -m "$model" </dev/null; echo $?
bco-train -m "$model" -o out --loss orpo </dev/null; echo $?
bco-train -m "$model" -o out --precision f16 </dev/null; echo $?
bco-train -m "$model" -o out --adam-betas 0.9 </dev/null; echo $?
bco-train -m "$model" -o out --adam-betas 0.9,1 </dev/null; echo $?
bco-train -m "$model" -o out --shift-decay 2 </dev/null; echo $?
for loss in bce kto dpo sft; do bco-train -m "$model" -o out --loss $loss --shift ema </dev/null; echo $?; done
bco-train -m "$model" -o out --loss kto --shift-decay 0.9 </dev/null; echo $?
bco-train -m "$model" -o out --loss sft --beta 0.2 </dev/null; echo $?
bco-train -m "$model" -o out --loss sft --down-weight 2 </dev/null; echo $?
bco-train -m "$model" -o out --loss nca --up-weight 2 </dev/null; echo $?
bco-train -m "$model" -o out --shift batch --shift-decay 0.9 </dev/null; echo $?
bco-train -m "$model" -o out --lr nan </dev/null; echo $?
bco-train -m "$model" -o out --batch 0 </dev/null; echo $?
bco-train -m "$model" -o out --micro-records 0 </dev/null; echo $?
ls
