printf '{"prompt":"p","chosen":"a","rejected":"b","ref_logp_chosen":-1,"ref_logp_rejected":-2}\n{"prompt":"p","chosen":"c","rejected":"a"}\n' | binstat --json
