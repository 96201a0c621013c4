"""usage: theirs.py tokenizer SHARED MODEL       GPT-2's tokenizer, cut to the model's vocabulary, into the folder MODEL
       theirs.py score MODEL RECORDS OUT PRECISION     transformers: log-probs of the completions, padded batches of 8
                                                    sorted by length, sdpa
       theirs.py train MODEL RECORDS OUT PRECISION [RANK]   TRL's BCOTrainer: one epoch, batch 8; with RANK LoRA on all
                                                    linear layers"""
import json, os, sys

THREADS = int(os.environ.get("BENCH_THREADS", "2"))
MAX_LENGTH, MAX_PROMPT, BATCH = 512, 256, 8


def write_tokenizer(shared, model):
    """The merges are in the order of their ids, so a smaller vocabulary is the same training stopped earlier."""
    size = json.load(open(f"{model}/config.json"))["vocab_size"]
    tokenizer = json.load(open(f"{shared}/tokenizers/gpt2/tokenizer.json"))
    bpe, end = tokenizer["model"], "<|endoftext|>"
    bpe["vocab"] = {token: i for token, i in bpe["vocab"].items() if i < size - 1 and token != end}
    bpe["merges"] = bpe["merges"][: len(bpe["vocab"]) - 256]
    bpe["vocab"][end] = size - 1
    for token in tokenizer["added_tokens"]:
        token["id"] = size - 1
    json.dump(tokenizer, open(f"{model}/tokenizer.json", "w"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "pad_token": end}
    json.dump(config, open(f"{model}/tokenizer_config.json", "w"))


def load(model, dtype):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    return AutoModelForCausalLM.from_pretrained(model, dtype=dtype, attn_implementation="sdpa"), tokenizer


def sequence(tokenizer, record):
    prompt = tokenizer(record["prompt"], add_special_tokens=False)["input_ids"]
    completion = tokenizer(record["completion"], add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    if len(prompt) + len(completion) > MAX_LENGTH:
        prompt = prompt[-max(MAX_PROMPT, MAX_LENGTH - len(completion)) :]
    return prompt, completion[: MAX_LENGTH - len(prompt)]


def score(model, records, out, precision):
    import torch
    from trl.trainer.utils import selective_log_softmax

    torch.set_num_threads(THREADS)
    model, tokenizer = load(model, torch.bfloat16 if precision == "bf16" else torch.float32)
    records = [json.loads(line) for line in open(records)]
    sequences = [sequence(tokenizer, record) for record in records]
    order = sorted(range(len(records)), key=lambda i: sum(map(len, sequences[i])))
    tokens = 0
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            longest = max(sum(map(len, sequences[i])) for i in batch)
            ids = torch.full((len(batch), longest), tokenizer.pad_token_id)
            mask, counted = torch.zeros_like(ids), torch.zeros((len(batch), longest), dtype=torch.bool)
            for row, i in enumerate(batch):
                prompt, completion = sequences[i]
                n = len(prompt) + len(completion)
                ids[row, :n], mask[row, :n], counted[row, len(prompt) : n] = torch.tensor(prompt + completion), 1, True
                tokens += n
            logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
            logp = (selective_log_softmax(logits, ids[:, 1:]).float() * counted[:, 1:]).sum(-1)
            for row, i in enumerate(batch):
                records[i]["ref_logp"] = logp[row].item()
    with open(out, "w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    print(f"{tokens} tokens", file=sys.stderr)


def train(model, records, out, precision, rank=0):
    import torch
    from datasets import Dataset
    from trl import BCOConfig, BCOTrainer

    torch.set_num_threads(THREADS)
    model, tokenizer = load(model, torch.float32)
    keys = ("prompt", "completion", "label")
    rows = [{key: record[key] for key in keys} for record in map(json.loads, open(records))]
    peft = None
    if rank:
        from peft import LoraConfig

        peft = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    config = BCOConfig(
        output_dir=out,
        use_cpu=True,
        bf16=precision == "bf16",
        per_device_train_batch_size=BATCH,
        num_train_epochs=1,
        max_length=MAX_LENGTH,
        max_prompt_length=MAX_PROMPT,
        gradient_checkpointing=os.environ.get("BENCH_CHECKPOINTING") == "1",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = BCOTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=peft,
    )
    trainer.train()
    trainer.save_model(out)


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error")
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "tokenizer":
        write_tokenizer(*arguments)
    elif what == "score":
        score(*arguments)
    else:
        train(*arguments[:4], rank=int(arguments[4]) if len(arguments) > 4 else 0)
