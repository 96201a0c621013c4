"""usage: bf16.py FOLDER...: for golden models, `FOLDER RMS`, the root mean square of transformers' error in bf16 of a token's log-prob."""
import json
import math
import sys

import torch
from transformers import AutoModelForCausalLM

for folder in sys.argv[1:]:
    with open(folder + "/golden.json") as f:
        golden = json.load(f)
    model = AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.bfloat16).eval()
    squares = []
    for s in golden["sequences"]:
        with torch.no_grad():
            logp = torch.log_softmax(model(torch.tensor([s["ids"]])).logits[0].float(), -1)
        for i, expected in enumerate(s["token_logp"], s["prompt_len"]):
            squares.append((logp[i - 1, s["ids"][i]].item() - expected) ** 2)
    print(folder.rsplit("/", 1)[-1], math.sqrt(sum(squares) / len(squares)))
