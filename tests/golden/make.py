#!/usr/bin/env python3
"""Recomputes tests/golden/demo.json: the demo's model in PyTorch and transformers, in float64, and losses in mpmath.

usage: python3 tests/golden/make.py >tests/golden/demo.json      (from the root; needs torch transformers mpmath)

None of it uses bco: what bco computes is compared with these values by tests/unit/test_golden.c.
"""
import csv
import json

import mpmath
import torch
import transformers
from tokenizers import Tokenizer
from safetensors.torch import load_file

MODEL = "examples/demo/model"
BETA, RATE, STEPS, BATCH, WARMUP, DECAY, CLIP = 0.1, 1e-3, 8, 8, 2, 0.9, 1.0

torch.set_num_threads(1)
tokenizer = Tokenizer.from_file(f"{MODEL}/tokenizer.json")
config = transformers.AutoConfig.from_pretrained(MODEL, attn_implementation="eager")
model = transformers.AutoModelForCausalLM.from_config(config).double()
missing = model.load_state_dict(load_file(f"{MODEL}/model.safetensors"), strict=False)
assert not missing.unexpected_keys and set(missing.missing_keys) <= {"lm_head.weight"}, missing
model.tie_weights()


def token_logp(sequence):
    ids = torch.tensor([sequence["ids"]])
    scores = model(input_ids=ids).logits[0].log_softmax(-1)
    n = sequence["prompt_len"]
    return scores[n - 1 : -1].gather(1, ids[0, n:, None])[:, 0]


def read_sequences(count):
    """Every 17th rating of 1 or 5: down or up."""
    with open("examples/demo/ratings.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["rating"] in "15"]
    for row in rows[:: len(rows) // count][:count]:
        prompt = [1] + tokenizer.encode(row["prompt"], add_special_tokens=False).ids
        completion = tokenizer.encode(row["response"], add_special_tokens=False).ids + [2]
        yield {
            "prompt": row["prompt"],
            "completion": row["response"],
            "ids": prompt + completion,
            "prompt_len": len(prompt),
            "label": row["rating"] == "5",
        }


def norms():
    return {name: p.grad.norm().item() for name, p in model.named_parameters()}


def gradient(sequences, slopes):
    model.zero_grad()
    for sequence, slope in zip(sequences, slopes):
        (slope * token_logp(sequence).sum()).backward()
    return {"dlogp": slopes, "norms": norms()}


def factor(step):
    return step / WARMUP if step < WARMUP else 1 - (step - WARMUP) / (STEPS - WARMUP)


def step_of(step, batch, reference, means, optimizer):
    """One step of BCO (arXiv 2404.04656): the shift is the mean of the classes' moving means before the step."""
    up = torch.tensor([s["label"] for s in batch])
    model.zero_grad()
    rewards = torch.stack([BETA * (token_logp(s).sum() - reference[id(s)]) for s in batch])
    delta = sum(mean or 0.0 for mean in means.values()) / 2
    sign = torch.where(up, 1.0, -1.0)
    loss = torch.nn.functional.softplus(-sign * (rewards - delta)).mean()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP).item()
    optimizer.param_groups[0]["lr"] = RATE * factor(step)
    optimizer.step()
    rewards = rewards.detach()
    for label, of in ((True, up), (False, ~up)):
        mean = rewards[of].mean().item()
        means[label] = mean if means[label] is None else DECAY * means[label] + (1 - DECAY) * mean
    return {
        "loss": loss.item(),
        "delta": delta,
        "rewards_up": rewards[up].mean().item(),
        "rewards_down": rewards[~up].mean().item(),
        "gradient_norm": norm,
        "learning_rate": RATE * factor(step),
    }


def train(sequences):
    with torch.no_grad():
        reference = {id(s): token_logp(s).sum().item() for s in sequences}
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    means, steps = {True: None, False: None}, []
    for step in range(STEPS):
        batch = [sequences[(step * BATCH + i) % len(sequences)] for i in range(BATCH)]
        steps.append(step_of(step, batch, reference, means, optimizer))
    with torch.no_grad():
        final = [token_logp(s).sum().item() for s in sequences]
    settings = {"beta": BETA, "learning_rate": RATE, "steps": STEPS, "batch": BATCH, "warmup": WARMUP, "decay": DECAY}
    return {"settings": {**settings, "clip": CLIP}, "steps": steps, "final_logp": final}


def losses():
    """-ln sigmoid(s (beta h - delta)), s being 1 for ups and -1 for downs, and its derivative by h."""
    mpmath.mp.dps = 60
    for h in ("-800", "-31.5", "-1e-3", "0", "2.25", "47", "800"):
        for delta in ("0", "0.375", "-6"):
            for label in (True, False):
                z = (1 if label else -1) * (mpmath.mpf("0.5") * mpmath.mpf(h) - mpmath.mpf(delta))
                loss = mpmath.log1p(mpmath.exp(-z))
                slope = -(1 if label else -1) * mpmath.mpf("0.5") / (1 + mpmath.exp(z))
                yield {"label": label, "logratio": float(h), "beta": 0.5, "delta": float(delta)} | {
                    "loss": float(loss),
                    "slope": float(slope),
                }


def rounded(value):
    return json.loads(json.dumps(value), parse_float=lambda text: float(f"{float(text):.12g}"))


def main():
    sequences = list(read_sequences(16))
    with torch.no_grad():
        for sequence in sequences[:6]:
            sequence["token_logp"] = token_logp(sequence).tolist()
    slopes = [0.3, -1.1, 0.05, 0.7, -0.2, 1.0]
    golden = {
        "made_by": f"tests/golden/make.py, torch {torch.__version__.split('+')[0]}, transformers "
        f"{transformers.__version__}, mpmath {mpmath.__version__}",
        "gradient": rounded(gradient(sequences, slopes)),
        "trace": rounded(train(sequences)),
        "sequences": rounded(sequences),
        "losses": list(losses()),
    }
    items = [f'"{key}": ' + rows(value) for key, value in golden.items()]
    print("{" + ",\n".join(items) + "}")


def rows(value):
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in value) + "\n]"
    return json.dumps(value, separators=(",", ":"))


main()
