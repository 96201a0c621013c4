# A label or reference of a completion that is replaced stays, and is said; one without a completion is no one's.
M=$ROOT/examples/demo/model
cat >questions <<'END'
{"prompt":"How do I reset my printer?","completion":"old","label":true,"ref_logp":-3}
{"prompt":"How do I reset my printer?","completion":"old"}
{"prompt":"How do I reset my printer?","label":true}
END
bco-generate -m "$M" --greedy --max-new-tokens 3 questions
