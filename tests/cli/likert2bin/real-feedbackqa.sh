[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
likert2bin --map 'Bad=down,Could be Improved=drop,Acceptable=drop,Excellent=up' -o a.jsonl "$SHARED/data/feedbackqa.feedback.jsonl.zst"
likert2bin --map 'Bad=down,Could be Improved=down,Acceptable=up,Excellent=up' --balance none -o b.jsonl "$SHARED/data/feedbackqa.feedback.jsonl.zst"
likert2bin --map 'Bad=down,Could be Improved=down,Acceptable=up,Excellent=up' --balance none --duplicates keep -o c.jsonl "$SHARED/data/feedbackqa.feedback.jsonl.zst"
for conflicts in drop majority; do
    likert2bin --map 'Bad=down,Could be Improved=drop,Acceptable=drop,Excellent=up' --conflicts $conflicts -o d.jsonl "$SHARED/data/feedbackqa.feedback.jsonl.zst"
done
wc -l <a.jsonl; wc -l <b.jsonl; wc -l <c.jsonl
