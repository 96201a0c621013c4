# likert2bin and pair2bin against DuckDB and polars (PyPI's, in a virtual environment of their own), jq and Python's standard
# library: 150 MB in, labels, duplicates dropped, the smaller class repeated, JSON Lines out. Wall time (the least of
# $ROUNDS; of jq and Python, one run) and peak memory in one run; the number of records out must be the same. Then the time
# of 150 and 600 MB, and with BENCH_LARGE=1 of 3 GB. $MEGABYTES, $ROUNDS, and what to run in $PARTS
# (jsonl csv pairs growth), may be set; JQ=0 leaves jq out.
set -eu
megabytes=${MEGABYTES:-150} rounds=${ROUNDS:-3} parts=${PARTS:-jsonl csv pairs growth}
[ -n "${SHARED:-}" ] || { echo "no shared data: nothing to repeat"; exit 0; }
venv=${BENCH_VENV:-$ROOT/.deps-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import duckdb, polars' 2>/dev/null || "$venv/bin/pip" -q install duckdb polars

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
cat >pola.py <<'END'
import sys, polars as pl
kind = sys.argv[1]
texts = {"prompt": pl.String, "response": pl.String, "rating": pl.Int64, "chosen": pl.String, "rejected": pl.String}
schema = {"id": pl.Int64, **{k: v for k, v in texts.items() if (k in ("chosen", "rejected")) == (kind == "pairs") or k == "prompt"}}
source = pl.read_csv("in.csv", schema=schema) if kind == "csv" else pl.read_ndjson("in.jsonl", schema=schema)
if kind == "pairs":
    sides = [source.select("id", "prompt", pl.col(f).alias("completion"), pl.lit(f == "chosen").alias("label")) for f in ("chosen", "rejected")]
    source = pl.concat(sides)
else:
    source = source.rename({"response": "completion"}).with_columns((pl.col("rating") == 5).alias("label"))
kept = source.unique(["prompt", "completion", "label"], keep="first", maintain_order=True)
up, down = kept.filter("label"), kept.filter(~pl.col("label"))
long, short = (up, down) if up.height > down.height else (down, up)
rounds, rest = divmod(long.height - short.height, short.height)
pl.concat([kept, *[short] * rounds, short.sample(rest, seed=0)]).write_ndjson("polars.jsonl")
END
cat >standard.py <<'END'
import csv, json, random, sys
kind = sys.argv[1]
def records():
    with open("in.csv" if kind == "csv" else "in.jsonl", encoding="utf-8", newline="") as file:
        for r in csv.DictReader(file) if kind == "csv" else map(json.loads, file):
            if kind == "pairs":
                for f in ("chosen", "rejected"):
                    yield {"id": r["id"], "prompt": r["prompt"], "completion": r[f], "label": f == "chosen"}
            else:
                r["completion"] = r.pop("response")
                r["label"] = int(r["rating"]) == 5
                yield r
seen, lines = set(), {True: [], False: []}
with open("python.jsonl", "w", encoding="utf-8") as out:
    for r in records():
        key = r["prompt"], r["completion"], r["label"]
        if key in seen: continue
        seen.add(key)
        lines[r["label"]].append(json.dumps(r, ensure_ascii=False) + "\n")
        out.write(lines[r["label"]][-1])
    short, long = sorted(lines.values(), key=len)
    rounds, rest = divmod(len(long) - len(short), len(short))
    for _ in range(rounds): out.writelines(short)
    out.writelines(random.Random(0).sample(short, rest))
END
cat >rated.jq <<'END'
def sides: if has("chosen")
    then ({id, prompt, completion: .chosen, label: true}, {id, prompt, completion: .rejected, label: false})
    else {id, prompt, completion: .response, rating, label: (.rating == 5)} end;
[inputs | sides] | unique_by([.prompt, .completion, .label]) | . as $kept
| map(select(.label)) as $up | map(select(.label | not)) as $down
| (if ($up | length) < ($down | length) then [$up, $down] else [$down, $up] end) as [$short, $long]
| $kept[], $short[range(($long | length) - ($short | length)) % ($short | length)]
END
# usage: timed ROUNDS NAME COMMAND...
cat >timed.py <<'END'
import os, sys, time
best, peak = 1e9, 0
for _ in range(int(sys.argv[1])):
    started = time.monotonic()
    pid = os.posix_spawnp(sys.argv[3], sys.argv[3:], os.environ)
    _, status, usage = os.wait4(pid, 0)
    best, peak = min(best, time.monotonic() - started), max(peak, usage.ru_maxrss)
    if status: sys.exit("%s failed" % sys.argv[2])
print("  %-28s %6.2f s %8.0f MiB" % (sys.argv[2], best, peak / 1024), flush=True)
open("times", "a").write("%g %d\n" % (best, peak))
END
timed() { python3 timed.py "$@"; }
same_count() { # FILE
    [ "$(wc -l <bco.jsonl)" = "$(wc -l <"$1")" ] || { echo "the outputs differ: $(wc -l bco.jsonl "$1")"; exit 1; }
    rm "$1"
}
compare() { # TOOL KIND INPUT
    rm -f times
    timed "$rounds" "$1" "$1" -q -o bco.jsonl "$3"
    timed "$rounds" "$1, one core" taskset -c 0 "$1" -q -o bco.jsonl "$3"
    timed "$rounds" DuckDB "$venv/bin/python" duck.py "$2" && same_count duck.jsonl
    timed "$rounds" polars "$venv/bin/python" pola.py "$2" && same_count polars.jsonl
    timed 1 "Python's standard library" python3 standard.py "$2" && same_count python.jsonl
    [ "$2" = csv ] || [ "${JQ:-1}" = 0 ] || { timed 1 jq sh -c 'jq -c -n -f rated.jq in.jsonl >jq.jsonl' && same_count jq.jsonl; }
    echo "  $(wc -l <bco.jsonl) records out of each"
    awk '{ t[NR] = $1; m[NR] = $2 }
        END { printf "  %s / DuckDB: wall time %.2f (one core: %.2f), memory %.2f\n", tool, t[1] / t[3], t[2] / t[3], m[1] / m[3]
            printf "  %s / polars: wall time %.2f, memory %.2f\n", tool, t[1] / t[4], m[1] / m[4] }' \
        tool="$1" times
}
packed() { # TOOL INPUT
    zstd -q -f "$2"
    timed "$rounds" "$1, zstd in and out" "$1" -q -o bco.jsonl.zst "$2.zst"
    rm -f bco.jsonl.zst "$2.zst"
}
ratings=$SHARED/data/topical_chat_valid_freq.likert.jsonl.zst pairs=$SHARED/data/llmbar.pairs.jsonl.zst
for part in $parts; do
    case $part in
    jsonl)
        echo "JSON Lines: $(python3 make.py "$ratings" jsonl "$megabytes")"
        compare likert2bin jsonl in.jsonl
        packed likert2bin in.jsonl
        ;;
    csv)
        echo "CSV: $(python3 make.py "$ratings" csv "$megabytes")"
        compare likert2bin csv in.csv
        packed likert2bin in.csv
        ;;
    pairs)
        echo "pairs: $(python3 make.py "$pairs" pairs "$megabytes")"
        compare pair2bin pairs in.jsonl
        packed pair2bin in.jsonl
        ;;
    growth)
        echo "growth"
        for size in 150 600 ${BENCH_LARGE:+3000}; do
            made=$(python3 make.py "$ratings" jsonl "$size")
            timed 1 "likert2bin, $made" likert2bin -q -o bco.jsonl in.jsonl
        done
        ;;
    esac
    rm -f in.jsonl in.csv bco.jsonl
done
