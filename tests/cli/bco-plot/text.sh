awk 'BEGIN { for (i = 1; i <= 20; i++) printf "{\"step\":%d,\"loss\":%g,\"rewards/chosen\":%g,\"rewards/rejected\":%g,\"kl\":%s,\"error_term\":%g}\n", i, 0.7 - i * 0.02, i * 0.05, -i * 0.1, (i == 1 ? "null" : i * 0.2), 100 / i / i }' >m.jsonl
echo '{"step":10,"eval_loss":0.55}' >>m.jsonl
bco-plot metrics --text --width 60 --height 6 m.jsonl
mkdir run && sed 's/0\./0.1/g' m.jsonl >run/metrics.jsonl
bco-plot error-term --ascii --height 6 --title 'Two “runs”' m.jsonl run/metrics.jsonl
