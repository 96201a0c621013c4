#!/bin/sh
# What the filters write loads in Hugging Face datasets as it is, with the types that TRL expects; TRL itself makes the
# same binary records of pairs in each of its forms, and prepares what the filters write for KTO and DPO.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
build=$(realpath "${BUILD:-$root/build}")
PATH="$build/bin:$PATH"
venv=${DATASETS_VENV:-$build/datasets-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import datasets, trl' 2>/dev/null ||
    "$venv/bin/pip" -q install datasets torch transformers==4.56.2 trl==0.23.1
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
# Every form of pairs that TRL takes: an explicit or an implicit prompt, texts or messages.
cat >text-explicit.jsonl <<'END'
{"prompt":"Which way?","chosen":" Left \u00e9.","rejected":" Right."}
{"prompt":"How far?","chosen":" A mile.","rejected":" No idea."}
END
cat >text-implicit.jsonl <<'END'
{"chosen":"\n\nHuman: Which way?\n\nAssistant: Left \u00e9.","rejected":"\n\nHuman: Which way?\n\nAssistant: Right."}
{"chosen":"\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: How far?\n\nAssistant: A mile.","rejected":"\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: How far?\n\nAssistant: No idea."}
END
cat >messages-explicit.jsonl <<'END'
{"prompt":[{"role":"user","content":"Which way?"}],"chosen":[{"role":"assistant","content":"Left."}],"rejected":[{"role":"assistant","content":"Right."}]}
END
cat >messages-implicit.jsonl <<'END'
{"chosen":[{"role":"system","content":"Be kind."},{"role":"user","content":"Which way?"},{"role":"assistant","content":"Left."}],"rejected":[{"role":"system","content":"Be kind."},{"role":"user","content":"Which way?"},{"role":"assistant","content":"Right."}]}
END
for form in text messages; do
    pair2bin -q -o $form-explicit.binary.jsonl $form-explicit.jsonl
    pair2bin -q --implicit-prompt -o $form-implicit.binary.jsonl $form-implicit.jsonl
done
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
cat >trl_forms.py <<'END'
from datasets import load_dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from trl import data_utils
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_trainer import _process_tokens, _tokenize

def load(name):
    return load_dataset("json", data_files=name + ".jsonl", split="train")

def byte_tokenizer():
    model = Tokenizer(models.BPE({c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, []))
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=model, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    tokenizer.chat_template = ("{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}\n{% endfor %}"
                               "{% if add_generation_prompt %}[assistant]{% endif %}")
    return tokenizer

def as_set(dataset):
    return sorted(repr((r["prompt"], r["completion"], r["label"])) for r in dataset)

tokenizer = byte_tokenizer()
for form in ("text-explicit", "text-implicit", "messages-explicit", "messages-implicit"):
    pairs, binary = load(form), load(form + ".binary")
    with_prompt = pairs.map(data_utils.maybe_extract_prompt)
    theirs = data_utils.maybe_unpair_preference_dataset(with_prompt)
    assert as_set(binary) == as_set(theirs), (form, as_set(binary), as_set(theirs))
    assert data_utils.is_conversational(binary[0]) == form.startswith("messages")
    text = binary.map(data_utils.maybe_apply_chat_template, fn_kwargs={"tokenizer": tokenizer})
    ids = text.map(_tokenize, batched=True, fn_kwargs={"tokenizer": tokenizer})
    kto = ids.map(_process_tokens, fn_kwargs={"prefix": "", "is_encoder_decoder": False, "tokenizer": tokenizer,
                                              "max_length": 512, "truncation_mode": "keep_end", "label_pad_token_id": -100,
                                              "max_prompt_length": 256})
    assert all(sum(x != -100 for x in r["completion_labels"]) > 1 for r in kto), form
for name in ("text-explicit", "messages-explicit", "ranked"):
    dpo = load(name).map(data_utils.maybe_apply_chat_template, fn_kwargs={"tokenizer": tokenizer})
    dpo = dpo.map(DPOTrainer.tokenize_row, fn_kwargs={"processing_class": tokenizer, "max_prompt_length": 256,
                                                      "max_completion_length": 256, "add_special_tokens": False})
    assert all(r["prompt_input_ids"] and r["chosen_input_ids"] and r["rejected_input_ids"] for r in dpo), name
print("TRL makes the same of four forms of pairs, and prepares what was written")
END
"$venv/bin/python" trl_forms.py
