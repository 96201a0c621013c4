# The paper's rule on a file of HelpSteer2's form: two completions a prompt, 0-4, the top is up, prompts whose two
# differ; 14442 records of them, 38.65 % up; equal afterwards.
awk 'BEGIN {
    form = "{\"prompt\":\"p%d\",\"response\":\"%s\",\"helpfulness\":%d,\"coherence\":4}\n"
    for (i = 0; i < 10000; i++) {
        a = b = i % 5
        if (i < 7221) { a = i < 5582 ? 4 : i % 4; b = i < 5582 ? i % 4 : (i + 1) % 4 }
        printf form, i, "first", a
        printf form, i, "second", b
    }
}' >in.jsonl
likert2bin --rating helpfulness --scale 0-4 --contrasted --balance none -o out.jsonl in.jsonl
likert2bin --rating helpfulness --scale 0-4 --contrasted -o out.jsonl in.jsonl
likert2bin --rating helpfulness --scale 0-4 --contrasted --balance weight -o out.jsonl in.jsonl
head -n 2 out.jsonl
