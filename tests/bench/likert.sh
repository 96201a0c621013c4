# likert2bin and pair2bin against DuckDB (PyPI's duckdb, in a virtual environment of its own): 150 MB in, labels,
# duplicates dropped, the smaller class repeated, JSON Lines out. Wall time (the least of $ROUNDS) and peak memory of
# both in one run; the number of records out must be the same. $MEGABYTES and $ROUNDS may be set.
set -eu
megabytes=${MEGABYTES:-150} rounds=${ROUNDS:-3}
[ -n "${SHARED:-}" ] || { echo "no shared data: nothing to repeat"; exit 0; }
venv=${BENCH_VENV:-$ROOT/.deps-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import duckdb' 2>/dev/null || "$venv/bin/pip" -q install duckdb

# Real records, repeated: every repetition has ids of its own, and prompts of its own but for one record in eight.
cat >make.py <<'END'
import csv, json, subprocess, sys
path, kind, limit = sys.argv[1], sys.argv[2], int(sys.argv[3]) * 1000 * 1000
lines = [json.loads(l) for l in subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout.splitlines()]
fields = ["response", "rating"] if kind != "pairs" else ["chosen", "rejected"]
done = n = repetition = 0
with open("in." + ("csv" if kind == "csv" else "jsonl"), "w", newline="") as out:
    table = csv.writer(out, lineterminator="\n")
    if kind == "csv": table.writerow(["id", "prompt", *fields])
    while done < limit:
        for i, r in enumerate(lines):
            shown = repetition // 2 if i % 8 == 0 else repetition
            row = {"id": n, "prompt": f"{r['prompt']} ({shown})", **{f: r[f] for f in fields}}
            n += 1
            done += table.writerow(row.values()) if kind == "csv" else out.write(json.dumps(row, ensure_ascii=False) + "\n")
        repetition += 1
print(f"{n} records, {done // 1000000} MB")
END
cat >duck.py <<'END'
import sys, duckdb
kind = sys.argv[1]
columns = "{id: 'BIGINT', prompt: 'VARCHAR', response: 'VARCHAR', rating: 'BIGINT'}"
rated = "SELECT id, prompt, response AS completion, rating, rating = 5 AS label FROM "
source = {
    "jsonl": rated + f"read_json('in.jsonl', format = 'newline_delimited', columns = {columns})",
    "csv": rated + f"read_csv('in.csv', header = true, columns = {columns})",
    "pairs": """SELECT id, prompt, unnest([chosen, rejected]) AS completion, unnest([true, false]) AS label
        FROM read_json('in.jsonl', format = 'newline_delimited',
            columns = {id: 'BIGINT', prompt: 'VARCHAR', chosen: 'VARCHAR', rejected: 'VARCHAR'})""",
}[kind]
db = duckdb.connect()
db.execute(f"CREATE TABLE kept AS SELECT DISTINCT ON (prompt, completion, label) * FROM ({source})")
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
# usage: timed NAME COMMAND...
cat >timed.py <<'END'
import os, sys, time
best, peak = 1e9, 0
for _ in range(int(sys.argv[1])):
    started = time.monotonic()
    pid = os.posix_spawnp(sys.argv[3], sys.argv[3:], os.environ)
    _, status, usage = os.wait4(pid, 0)
    best, peak = min(best, time.monotonic() - started), max(peak, usage.ru_maxrss)
    if status: sys.exit("%s failed" % sys.argv[2])
print("  %-28s %6.2f s %8.0f MiB" % (sys.argv[2], best, peak / 1024))
open("times", "a").write("%g %d\n" % (best, peak))
END
timed() { python3 timed.py "$rounds" "$@"; }
compare() { # TOOL KIND INPUT
    rm -f times
    timed "$1" "$1" -q -o bco.jsonl "$3"
    timed "$1, one core" taskset -c 0 "$1" -q -o bco.jsonl "$3"
    timed DuckDB "$venv/bin/python" duck.py "$2"
    [ "$(wc -l <bco.jsonl)" = "$(wc -l <duck.jsonl)" ] || { echo "the outputs differ: $(wc -l bco.jsonl duck.jsonl)"; exit 1; }
    echo "  $(wc -l <bco.jsonl) records out of each"
    awk '{ t[NR] = $1; m[NR] = $2 }
        END { printf "  %s / DuckDB: wall time %.2f (one core: %.2f), memory %.2f\n", tool, t[1] / t[3], t[2] / t[3], m[1] / m[3] }' \
        tool="$1" times
}
ratings=$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst
echo "JSON Lines: $(python3 make.py "$ratings" jsonl "$megabytes")"
compare likert2bin jsonl in.jsonl
zstd -q -f in.jsonl
timed "likert2bin, zstd in and out" likert2bin -q -o bco.jsonl.zst in.jsonl.zst
echo "CSV: $(python3 make.py "$ratings" csv "$megabytes")"
compare likert2bin csv in.csv
echo "pairs: $(python3 make.py "$SHARED/data/llmbar.pairs.jsonl.zst" pairs "$megabytes")"
compare pair2bin pairs in.jsonl
