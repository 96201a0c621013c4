"""usage: sampling.py PROGRAM: what PROGRAM leaves of random logits, and with which probabilities, against the logits processors
of transformers, in the order in which its generate applies them."""
import random, subprocess, sys
import torch
from transformers import generation as g

rng, cases = random.Random(5), []
for number in range(400):
    n = rng.choice([3, 50, 1000, 4000])
    scale = rng.choice([0.5, 2, 6])
    logits = torch.tensor([rng.gauss(0, scale) for _ in range(n)], dtype=torch.float32)
    seen = [rng.randrange(n) for _ in range(rng.choice([0, 1, 20]))]
    pick = lambda off, values: off if rng.random() < 0.4 else rng.choice(values)
    cases.append((rng.choice([1.0, 0.7, 0.3, 2.5]), pick(0, [1, 2, 40, 900]), pick(1.0, [0.05, 0.5, 0.9, 0.95, 0.999]),
                  pick(0.0, [0.001, 0.05, 0.3, 1.0]), pick(1.0, [1.25, 0.75, 2.0]), seen, logits))
text = "".join("%r %d %r %r %r %d %s %d %s\n" % (t, k, p, m, r, len(s), " ".join(map(str, s)), len(x),
               " ".join("%.9g" % v for v in x.tolist())) for t, k, p, m, r, s, x in cases)
lines = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
assert len(lines) == len(cases)
worst = left = 0
for (t, k, p, m, r, s, x), line in zip(cases, lines):
    ids, scores = torch.tensor([s], dtype=torch.long), x[None]
    if r != 1 and s: scores = g.RepetitionPenaltyLogitsProcessor(r)(ids, scores)
    scores = scores.double()
    processors = [g.TemperatureLogitsWarper(t)] + ([g.TopKLogitsWarper(k)] if k else [])
    processors += ([g.TopPLogitsWarper(p)] if p < 1 else []) + ([g.MinPLogitsWarper(m)] if m else [])
    for processor in processors: scores = processor(ids, scores)
    want = scores.softmax(-1)[0]
    words = line.split()
    got = {int(i): float(q) for i, q in zip(words[1::2], words[2::2])}
    assert set(got) == set(torch.nonzero(scores[0] > -float("inf"))[:, 0].tolist()), (t, k, p, m, r, len(x))
    for i, q in got.items(): worst = max(worst, abs(q - want[i].item()) / want[i].item())
    left += len(got)
print("%d cases, %d tokens left, the same ones; greatest relative difference of a probability %.1e" % (len(cases), left, worst))
assert worst < 1e-9
