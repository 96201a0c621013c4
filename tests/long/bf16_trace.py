"""usage: bf16_trace.py FOLDER RECORDS OUT: the run of tests/cli/bf16_trace.bash by transformers, in f32 and under autocast to bf16
(what TRL's bf16=True does), into OUT/f32.metrics, OUT/bf16.metrics, OUT/f32.logps, OUT/bf16.logps."""
import json
import sys

import torch
from transformers import AutoModelForCausalLM

folder, path, out = sys.argv[1:]
with open(path) as f:
    records = [json.loads(line) for line in f]


def logps(model, batch, half):
    ids = torch.tensor([r["prompt_ids"] + r["completion_ids"] for r in batch])
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        logits = model(ids).logits
    tokens = torch.log_softmax(logits.float(), -1)[:, :-1].gather(2, ids[:, 1:, None]).squeeze(2)
    return tokens[:, len(batch[0]["prompt_ids"]) - 1 :].double().sum(1)


def run(half):
    name = "bf16" if half else "f32"
    model = AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32).eval()
    with torch.no_grad():
        reference = torch.cat([logps(model, records[i : i + 8], half) for i in range(0, 32, 8)])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0)
    up = torch.tensor([r["label"] for r in records])
    means = None
    with open(f"{out}/{name}.metrics", "w") as f:
        for step in range(8):
            at = slice(step % 4 * 8, step % 4 * 8 + 8)
            delta = sum(means) / 2 if means else 0.0
            rewards = 0.1 * (logps(model, records[at], half) - reference[at])
            loss = -torch.nn.functional.logsigmoid(torch.where(up[at], rewards - delta, delta - rewards)).mean()
            optimizer.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            now = [rewards[up[at]].mean().item(), rewards[~up[at]].mean().item()]
            means = [0.9 * a + 0.1 * b for a, b in zip(means, now)] if means else now
            print(loss.item(), *now, delta, norm.item(), sep="\t", file=f)
    with open(f"{out}/{name}.logps", "w") as f, torch.no_grad():
        for i in range(0, 32, 8):
            for value in logps(model, records[i : i + 8], half):
                print(value.item() / 12, file=f)


torch.set_num_threads(1)
run(False)
run(True)
