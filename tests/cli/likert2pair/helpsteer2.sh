# HelpSteer2's form: two completions a prompt; equal scores make no pair; 7221 pairs, as in the paper.
awk 'BEGIN {
    form = "{\"prompt\":\"p%d\",\"response\":\"%s\",\"helpfulness\":%d,\"coherence\":4}\n"
    for (i = 0; i < 10000; i++) {
        a = b = i % 5
        if (i < 7221) { a = i < 5582 ? 4 : i % 4; b = i < 5582 ? i % 4 : (i + 1) % 4 }
        printf form, i, "first", a
        printf form, i, "second", b
    }
}' >in.jsonl
likert2pair --rating helpfulness --scale 0-4 -o out.jsonl in.jsonl
wc -l <out.jsonl
