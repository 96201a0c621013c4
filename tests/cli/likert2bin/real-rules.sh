[ -n "${SHARED:-}" ] || { echo "no shared data"; exit 77; }
likert2bin --reject 'completion~(?i)covid' --keep 'file~^(Australia|WHO)' --min-chars 100 --max-chars 2000 --map 'Bad=down,Could be Improved=drop,Acceptable=drop,Excellent=up' -o out.jsonl "$SHARED/data/feedbackqa.feedback.jsonl.zst"
