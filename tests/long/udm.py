"""bco-udm against scikit-learn. Usage: udm.py FOLDER; bco-udm in PATH."""
import json
import subprocess
import sys

import numpy
from sklearn.linear_model import LogisticRegression

folder = sys.argv[1]


def weights(records, *options):
    path = folder + "/in.jsonl"
    with open(path, "w") as file:
        for record in records:
            file.write(json.dumps(record) + "\n")
    out = subprocess.run(["bco-udm", "-q", *options, path], check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in out.stdout.splitlines()]


def compare(name, records, x, *options, ridge=1.0):
    y = numpy.array([r["label"] for r in records])
    s = numpy.array([r.get("weight", 1.0) for r in records])
    balanced = s * numpy.where(y, s.sum() / (2 * s[y].sum()), s.sum() / (2 * s[~y].sum()))
    fit = LogisticRegression(C=1 / ridge, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    x = x - x.mean(axis=0)
    fit.fit(x, y, sample_weight=balanced)
    p = fit.predict_proba(x)[:, 1]
    worst = 0
    ours = weights(records, "--ridge", str(ridge), "--clip", "1e-6:1e6", *options)
    for record, was, share in zip(ours, records, p):
        want = was.get("weight", 1.0)
        if not was["label"]:
            want *= min(max(share / (1 - share), 1e-6), 1e6)
        worst = max(worst, abs(record.get("weight", 1.0) - want) / max(want, 1e-6))
    print(f"{name}: largest difference {worst:.1e}")
    return worst < 1e-6


def drawn(rows, terms, seed, spread=1.0):
    rng = numpy.random.default_rng(seed)
    y = rng.random(rows) < 0.3
    x = rng.normal(size=(rows, terms)) * spread + 3
    x[:, 0] += 1.5 * y
    x[:, 1] -= y
    records = [{"prompt": "p", "completion": "c", "label": bool(l), "e": list(map(float, v))} for l, v in zip(y, x)]
    return records, x


good = [
    compare("6 terms", *drawn(300, 6, 1), "--embedding", "e"),
    compare("500 terms, 200 records", *drawn(200, 500, 2), "--embedding", "e"),
    compare("spread 1000", *drawn(400, 8, 3, 1000.0), "--embedding", "e"),
    compare("ridge 0.01", *drawn(400, 30, 4), "--embedding", "e", ridge=0.01),
]
records, x = drawn(400, 5, 6)
for i, record in enumerate(records):
    record["weight"] = [0.0, 1.0, 2.5][i % 3]
good.append(compare("weights", records, x, "--embedding", "e"))
sys.exit(0 if all(good) else 1)
