"""What libbco writes, read by transformers and peft: the same log-probs as the golden values, the same scores.
usage: read_saved.py RESAVE GOLDEN WORK"""
import json, os, subprocess, sys, warnings
warnings.filterwarnings("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from peft import PeftModel

resave, golden, work = sys.argv[1:4]
failed = 0


def save(name, *extra, dtype="f32", source=None):
    out = os.path.join(work, "-".join([name, dtype, *[os.path.basename(e) for e in extra]]))
    os.makedirs(out)
    run = subprocess.run([resave, source or os.path.join(golden, name), out, dtype, *extra], capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{name}: {run.stderr}")
    return out, run.stdout


def merge(model, adapter):
    """By the tool."""
    out = os.path.join(work, f"{os.path.basename(model)}-{os.path.basename(adapter)}-merged")
    subprocess.run(["bco-merge", "-q", "-m", model, "-a", adapter, "-o", out], check=True)
    return out


def logp(model, sequence):
    ids = torch.tensor([sequence["ids"]])
    with torch.no_grad():
        scores = model(ids).logits[0].double().log_softmax(-1)
    n = sequence["prompt_len"]
    return sum(scores[t - 1, ids[0, t]].item() for t in range(n, ids.shape[1]))


def load(path):
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")


def compare(what, model, sequences, expected, tolerance):
    global failed
    worst = max(abs(logp(model, s) - e) for s, e in zip(sequences, expected))
    failed += not worst < tolerance
    print(f"{what}: logp differs by {worst:.1e}{'' if worst < tolerance else ' FAILED'}", flush=True)


def check_model(name, data):
    expected = [s["logp"] for s in data["sequences"]]
    folder, _ = save(name)
    compare(name, load(folder), data["sequences"], expected, 1e-3)
    for dtype in ("bf16", "f16"):
        if name.endswith(dtype):
            folder, _ = save(name, dtype=dtype)
            compare(f"{name} as {dtype}", load(folder), data["sequences"], expected, 1e-3)


def check_adapter(name, data):
    merged = merge(os.path.join(golden, data["base_model"]), os.path.join(golden, name))
    compare(f"{name} merged", load(merged), data["sequences"], [s["logp"] for s in data["sequences"]], 1e-3)


def check_new_adapter(name, data):
    adapter, _ = save(name, "lora")
    model = PeftModel.from_pretrained(load(os.path.join(golden, name)), adapter)
    ours = load(merge(os.path.join(golden, name), adapter))
    compare(f"{name} with a new adapter", model, data["sequences"], [logp(ours, s) for s in data["sequences"]], 1e-3)


def check_scores(name, *extra):
    global failed
    folder, score = save(name, *extra)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        theirs = model(torch.tensor([[5, 9, 17, 4, 33]])).logits
    difference = abs(theirs.item() - float(score))
    failed += not difference < 1e-5
    print(f"{name} {' '.join(extra)}: score differs by {difference:.1e}{'' if difference < 1e-5 else ' FAILED'}", flush=True)


for name in sorted(os.listdir(golden)):
    path = os.path.join(golden, name, "golden.json")
    if not os.path.exists(path):
        continue
    data = json.load(open(path))
    if data.get("adapter"):
        check_adapter(name, data)
    elif "bce" in data:
        check_scores(name)
    else:
        check_model(name, data)
        if name in ("llama-gqa-tied", "gpt2", "phi3", "gemma3"):
            check_new_adapter(name, data)
for name in ("llama-gqa-tied", "qwen2", "gpt2"):
    check_scores(name, "head")


# ---- what bco-train writes ---------------------------------------------------------------------


def tool(*arguments):
    run = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))}: {run.stderr}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def difference(what, got, expected, tolerance):
    global failed
    worst = max(abs(a - b) for a, b in zip(got, expected, strict=True))
    failed += not worst < tolerance
    print(f"{what}: differs by {worst:.1e}{'' if worst < tolerance else ' FAILED'}", flush=True)


def scores(model, records):
    with torch.no_grad():
        return [model(torch.tensor([r["prompt_ids"] + r["completion_ids"]])).logits.item() for r in records]


def logps(model, records):
    return [logp(model, {"ids": r["prompt_ids"] + r["completion_ids"], "prompt_len": len(r["prompt_ids"])}) for r in records]


def classifier(path):
    return AutoModelForSequenceClassification.from_pretrained(path, num_labels=1, dtype=torch.float32)


def check_trained(name):
    base, at = os.path.join(golden, name), os.path.join(work, f"trained-{name}")
    os.makedirs(at)
    with open(f"{at}/records.jsonl", "w") as file:
        for i in range(24):
            ids = {"prompt_ids": [3 + i % 5, 9], "completion_ids": [6 + i % 13, 7 + i % 7, 2], "label": i % 3 == 0}
            file.write(json.dumps(ids) + "\n")

    def train(out, *options, records="ref"):
        tool("bco-train", "-q", "-m", base, "--ids", "--lr", "1e-2", "--batch", "8", "--epochs", "2", *options,
             "-o", f"{at}/{out}", f"{at}/{records}.jsonl")

    tool("bco-refcache", "-q", "-m", base, "--ids", f"{at}/records.jsonl", "-o", f"{at}/ref.jsonl")
    train("lora", "--lora", "4:6")
    ours = tool("bco-refcache", "-q", "-m", base, "-a", f"{at}/lora", "--ids", f"{at}/records.jsonl")
    difference(f"{name}: trained adapter", logps(PeftModel.from_pretrained(load(base), f"{at}/lora"), ours),
               [r["ref_logp"] for r in ours], 1e-3)
    tool("bco-refcache", "-q", "-m", base, "-a", f"{at}/lora", "--ids", f"{at}/records.jsonl", "-o", f"{at}/ref2.jsonl")
    train("stacked", "-a", f"{at}/lora", "--lora", "2", records="ref2")
    ours = tool("bco-refcache", "-q", "-m", base, "-a", f"{at}/stacked", "--ids", f"{at}/records.jsonl")
    difference(f"{name}: adapter on an adapter", logps(PeftModel.from_pretrained(load(base), f"{at}/stacked"), ours),
               [r["ref_logp"] for r in ours], 1e-3)
    train("head", "--head", records="records")
    ours = tool("bco-reward", "-q", "-m", f"{at}/head", "--ids", f"{at}/records.jsonl")
    difference(f"{name}: trained head", scores(classifier(f"{at}/head"), ours), [r["reward"] for r in ours], 1e-4)
    train("both", "--head", "--lora", "4", records="records")
    ours = tool("bco-reward", "-q", "-m", base, "-a", f"{at}/both", "--ids", f"{at}/records.jsonl")
    model = PeftModel.from_pretrained(classifier(base), f"{at}/both")
    difference(f"{name}: trained head and adapter", scores(model, ours), [r["reward"] for r in ours], 1e-4)
    tool("bco-merge", "-q", "--dtype", "f32", "-m", base, "-a", f"{at}/both", "-o", f"{at}/merged")
    difference(f"{name}: merged", scores(classifier(f"{at}/merged"), ours), [r["reward"] for r in ours], 1e-4)


for name in ("llama-gqa-tied", "qwen2", "gpt2", "llama-gqa-tied-bf16"):
    check_trained(name)
print(f"{failed} failed")
sys.exit(failed > 0)
