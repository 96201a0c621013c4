# likert2bin against DuckDB (PyPI's duckdb, in a virtual environment of its own): 150 MB of JSON Lines in,
# ratings to labels, duplicates dropped, the smaller class repeated, JSON Lines out. One run, wall time and peak
# memory of both; the number of records must be the same. $MEGABYTES and $ROUNDS may be set.
set -eu
megabytes=${MEGABYTES:-150} rounds=${ROUNDS:-3}
[ -n "${SHARED:-}" ] || { echo "no shared data: nothing to repeat"; exit 0; }
venv=${BENCH_VENV:-$BUILD/bench-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import duckdb' 2>/dev/null || "$venv/bin/pip" -q install duckdb

# Real ratings, repeated: every repetition has ids of its own, and prompts of its own but for one record in eight.
cat >make.py <<'END'
import json, subprocess, sys
path, limit = sys.argv[1], int(sys.argv[2]) * 1000 * 1000
lines = [json.loads(l) for l in subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout.splitlines()]
done = n = 0
with open("in.jsonl", "w") as out:
    repetition = 0
    while done < limit:
        for i, r in enumerate(lines):
            shown = repetition // 2 if i % 8 == 0 else repetition
            row = {"id": n, "prompt": f"{r['prompt']} ({shown})", "response": r["response"], "rating": r["rating"],
                   "source": r["conversation_id"]}
            n += 1
            done += out.write(json.dumps(row, ensure_ascii=False) + "\n")
        repetition += 1
END
cat >duck.py <<'END'
import duckdb
db = duckdb.connect()
db.execute("""
    CREATE TABLE kept AS
    SELECT DISTINCT ON (prompt, response, rating = 5)
        id, prompt, response AS completion, rating, source, rating = 5 AS label
    FROM read_json('in.jsonl', format = 'newline_delimited',
        columns = {id: 'BIGINT', prompt: 'VARCHAR', response: 'VARCHAR', rating: 'BIGINT', source: 'VARCHAR'})""")
up, down = db.execute("SELECT count(*) FILTER (label), count(*) FILTER (NOT label) FROM kept").fetchone()
db.execute(f"""
    COPY (
        SELECT * FROM kept
        UNION ALL
        SELECT short.* EXCLUDE (place)
        FROM range({abs(up - down)}) AS copies(i)
        JOIN (SELECT *, row_number() OVER (ORDER BY hash(id)) - 1 AS place FROM kept WHERE label = {up < down}) AS short
        ON copies.i % {min(up, down)} = short.place
    ) TO 'duck.jsonl' (FORMAT json)""")
END
# usage: timed NAME COMMAND...: the least wall time of $rounds, and the greatest peak memory, into NAME.time
cat >timed.py <<'END'
import os, sys, time
best, peak = 1e9, 0
for _ in range(int(sys.argv[1])):
    started = time.monotonic()
    pid = os.posix_spawnp(sys.argv[3], sys.argv[3:], os.environ)
    _, status, usage = os.wait4(pid, 0)
    best, peak = min(best, time.monotonic() - started), max(peak, usage.ru_maxrss)
    if status: sys.exit("%s failed" % sys.argv[2])
print("%-28s %6.2f s %8.0f MiB" % (sys.argv[2], best, peak / 1024))
open("times", "a").write("%g\n" % best)
END
python3 make.py "$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst" "$megabytes"
echo "$(wc -l <in.jsonl) records, $(($(wc -c <in.jsonl) / 1000000)) MB"
python3 timed.py "$rounds" likert2bin likert2bin -q -o bco.jsonl in.jsonl
python3 timed.py "$rounds" "likert2bin -j 1" likert2bin -q -j 1 -o bco.jsonl in.jsonl
python3 timed.py "$rounds" DuckDB "$venv/bin/python" duck.py
[ "$(wc -l <bco.jsonl)" = "$(wc -l <duck.jsonl)" ] || { echo "the outputs differ: $(wc -l bco.jsonl duck.jsonl)"; exit 1; }
echo "$(wc -l <bco.jsonl) records out of each"
awk '{ t[NR] = $1 } END { printf "wall time, likert2bin / DuckDB: %.2f (one thread: %.2f)\n", t[1] / t[3], t[2] / t[3] }' times
