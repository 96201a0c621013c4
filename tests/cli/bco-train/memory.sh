# What memory a run needs is said before it starts; it is cut to fit, without another result, or refused.
case $BUILD:$PATH in */asan:* | */ubsan:* | *valgrind-bin*) echo "sanitizers and valgrind take memory of their own"; exit 77 ;; esac
mkdir shape
export BCO_THREADS=2 # each thread takes some
config() { printf '{"model_type":"%s","tie_word_embeddings":true,"vocab_size":4096,"max_position_embeddings":512,%s}\n' "$1" "$2" >shape/config.json; }
awk 'function ids(n, i, text) { text = i; while (--n > 0) text = text "," (i * n) % 4000; return text }
BEGIN { for (i = 1; i <= 8; i++)
    printf "{\"prompt_ids\":[%s],\"completion_ids\":[%s],\"label\":%s,\"ref_logp\":-1}\n", ids(60, i), ids(60 + 10 * i, i), i % 2 ? "true" : "false" }' >records
train() { bco-train -m shape --ids --init random --batch 8 --epochs 1 "$@" records; }
# The estimate must be within 10 % of what was used.
check() {
    train -v -o "$@" 2>&1 | sed -n 's/.*memory used: \([0-9]*\) MiB of the \([0-9]*\) foreseen/\1 \2/p' |
        awk -v what="$1" '{ print what ": " ($2 < 0.9 * $1 || $2 > 1.1 * $1 ? $1 " MiB, foreseen " $2 : "within 10 %") }'
}
config llama '"architectures":["LlamaForCausalLM"],"hidden_size":384,"intermediate_size":1152,"num_hidden_layers":6,"num_attention_heads":8,"num_key_value_heads":4'
check llama --recompute off
check llama-recomputed --recompute on
cmp llama/model.safetensors llama-recomputed/model.safetensors && echo "the same weights"
check llama-cut --micro-tokens 128
train -q --max-memory 1M -o none 2>message; echo "exit code $?"
sed 's/[0-9]* MiB of/N MiB of/' message
# A run that had little memory goes on as it was cut where there is more.
least=$(sed 's/.*needs \([0-9]*\).*/\1/' message)
tight() { train -q --schedule constant --lr 1e-3 --max-memory $((least + 4))M "$@"; }
tight --steps 2 -o whole
tight --steps 1 --save-every 1 -o halves
train -q --schedule constant --lr 1e-3 --steps 2 --save-every 1 --resume -o halves
cmp whole/model.safetensors halves/model.safetensors && echo "the same after resuming"
config gpt2 '"architectures":["GPT2LMHeadModel"],"n_embd":384,"n_layer":6,"n_head":8,"n_positions":512'
check gpt2
config qwen3 '"architectures":["Qwen3ForCausalLM"],"hidden_size":384,"intermediate_size":1152,"num_hidden_layers":6,"num_attention_heads":8,"num_key_value_heads":4,"head_dim":48'
check qwen3-best --valid records --stop-patience 2
config gemma3_text '"architectures":["Gemma3ForCausalLM"],"hidden_size":384,"intermediate_size":1152,"num_hidden_layers":6,"num_attention_heads":8,"num_key_value_heads":4,"head_dim":48,"sliding_window":64'
check gemma3
check gemma3-bf16 --precision bf16
# LoRA over weights that stay as they are stored.
train -q --loss sft --lr 0 --steps 1 --dtype bf16 -o stored
train() { bco-train -m stored --ids --batch 8 --epochs 1 "$@"; }
check lora --lora 16 records
check lora-bf16 --lora 16 --precision bf16 records
sed 's/"completion_ids":\(.*\),"label.*/"chosen_ids":\1,"rejected_ids":\1,"ref_logp_chosen":-1,"ref_logp_rejected":-2}/' records >pairs
check dpo-lora --loss dpo --lora 16 pairs
check lora-bf16-recomputed --lora 16 --precision bf16 --recompute on records
bco-refcache -q -m stored --ids --kto records -o mismatched
check kto --loss kto mismatched
check kto-lora --loss kto --lora 16 mismatched
# Classifiers, which have no logits.
config qwen3 '"architectures":["Qwen3ForCausalLM"],"hidden_size":384,"intermediate_size":1152,"num_hidden_layers":6,"num_attention_heads":8,"num_key_value_heads":4,"head_dim":48'
bco-train -q -m shape --ids --init random --loss sft --lr 0 --steps 1 --dtype bf16 -o base records
train() { bco-train -m base --ids --batch 8 --epochs 1 --head --loss bce "$@" records; }
check head
check head-recomputed --recompute on
check head-lora-bf16 --lora 16 --precision bf16
