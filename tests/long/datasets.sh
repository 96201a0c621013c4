#!/bin/sh
# What the filters write loads in Hugging Face datasets as it is, with the types that TRL expects.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
build=$(realpath "${BUILD:-$root/build}")
PATH="$build/bin:$PATH"
venv=$build/datasets-venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import datasets' 2>/dev/null || "$venv/bin/pip" -q install datasets
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HF_HOME="$work" HF_DATASETS_OFFLINE=1
cat >ratings.jsonl <<'END'
{"id":1,"prompt":"p","response":"\u00e9\ud83d\ude00 a\nb","rating":5,"extra":{"n":1.50}}
{"id":2,"prompt":"p","response":"c","rating":1,"extra":{"n":2}}
{"id":3,"prompt":"q","response":"d","rating":2,"extra":{"n":0}}
END
cat >pairs.jsonl <<'END'
{"prompt":[{"role":"user","content":"Hi"}],"chosen":[{"role":"assistant","content":"Yo"}],"rejected":[{"role":"assistant","content":"No"}]}
END
likert2bin -q -o text.jsonl ratings.jsonl
likert2bin -q --balance weight -o weight.jsonl ratings.jsonl
likert2pair -q -o ranked.jsonl ratings.jsonl
pair2bin -q -o messages.jsonl pairs.jsonl
cat >check.py <<'END'
from datasets import load_dataset
def load(name):
    return load_dataset("json", data_files=name + ".jsonl", split="train")
text, weight, ranked, messages = map(load, ("text", "weight", "ranked", "messages"))
assert len(text) == 4 and sum(text["label"]) == 2, text
assert text.features["label"].dtype == "bool" and text.features["prompt"].dtype == "string"
assert text[0]["completion"] == "\u00e9\U0001f600 a\nb" and text[0]["extra"]["n"] == 1.5
assert abs(sum(weight["weight"]) - 3) < 1e-12
assert ranked.column_names == ["prompt", "chosen", "rejected", "rating_chosen", "rating_rejected"], ranked.column_names
assert messages[0]["prompt"] == [{"role": "user", "content": "Hi"}]
assert [r["completion"][0]["content"] for r in messages] == ["Yo", "No"] and messages["label"] == [True, False]
print("loaded", len(text) + len(weight) + len(ranked) + len(messages), "records")
END
"$venv/bin/python" check.py
