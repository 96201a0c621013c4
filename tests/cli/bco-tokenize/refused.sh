# One tokenizer.json a line, each with something that must be refused.
mkdir model
n=0
while IFS= read -r json; do
    n=$((n + 1))
    printf '%s' "$json" >model/tokenizer.json
    bco-tokenize -m model --text </dev/null >out 2>&1
    echo "$n: exit $?: $(cat out)"
done <<'LINES'

{"model":
[]
{}
{"model":{"type":"WordPiece","vocab":{"a":0}}}
{"model":{"type":"Unigram","vocab":[["a",0]]}}
{"model":{"type":"BPE","vocab":{"a":0}}}
{"model":{"type":"BPE","vocab":[],"merges":[]}}
{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}
{"model":{"type":"BPE","vocab":{"a":1.5},"merges":[]}}
{"model":{"type":"BPE","vocab":{"a":4000000000},"merges":[]}}
{"model":{"type":"BPE","vocab":{"a":0,"b":2000000000},"merges":[]}}
{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}}
{"model":{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]}}
{"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}}
{"model":{"type":"BPE","vocab":{"a":0,"ab":1},"merges":["a b"]}}
{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["aa"]}}
{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":[["a","a","a"]]}}
{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":[["a",1]]}}
{"model":{"type":"BPE","vocab":{"a":0},"merges":{}}}
{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"u"}}
{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}
{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"continuing_subword_prefix":"##"}}
{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"byte_fallback":"yes"}}
{"normalizer":{"type":"BertNormalizer"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Precompiled"}]},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"normalizer":{"type":"Replace","pattern":{"Regex":"(a"},"content":""},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"normalizer":{"type":"Replace","pattern":{"String":""},"content":""},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"normalizer":{"type":"Prepend"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"[a&&b]"},"behavior":"Isolated"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Odd"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"odd"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"post_processor":{"type":"BertProcessing"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],"special_tokens":{}},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],"special_tokens":{"<s>":{"ids":[9]}}},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"post_processor":{"type":"TemplateProcessing","single":[]},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"decoder":{"type":"WordPiece"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"decoder":{"type":"Strip","content":"","start":1,"stop":0},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"added_tokens":[{"id":5,"content":""}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"added_tokens":[{"id":5,"content":"a"}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"added_tokens":[{"id":0,"content":"b"}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
{"added_tokens":[{"content":"b"}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}
LINES
