"""usage: tokenizer.py texts OUT FILE.zst...        20 MB of the texts in records, with a NUL behind each
       tokenizer.py FOLDER TEXTS                 what tokenizer.c does, with PyPI's tokenizers
       tokenizer.py compare PROGRAM TEXTS FOLDER...  a line for each folder: MB/s of both, on one thread and on all"""
import json, os, subprocess, sys, time

MEGABYTES = 20


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def write_texts(out, paths):
    parts = []
    for path in paths:
        for line in subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout.splitlines():
            parts += [s.encode() + b"\0" for s in strings(json.loads(line)) if len(s) > 20 and "\0" not in s]
    once = b"".join(parts)
    with open(out, "wb") as file:
        written = 0
        while written < MEGABYTES * 10**6:
            written += file.write(once)


def theirs(folder, path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    texts = open(path, "rb").read().decode().split("\0")[:-1]
    encode = getattr(tokenizer, "encode_batch_fast", tokenizer.encode_batch)
    best = 1e9
    for _ in range(2):
        start, ids = time.perf_counter(), 0
        for i in range(0, len(texts), 4096):
            ids += sum(len(e) for e in encode(texts[i : i + 4096], add_special_tokens=False))
        best = min(best, time.perf_counter() - start)
    print(f"{best:.4f} {ids}")


def run(command, threads):
    env = dict(os.environ, RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true" if threads > 1 else "false")
    seconds, ids = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), int(ids)


def compare(program, path, folders):
    size = os.path.getsize(path) / 1e6
    cores = len(os.sched_getaffinity(0))
    for folder in folders:
        line = f"{os.path.basename(folder)}:"
        for threads in sorted({1, cores}):
            mine, ids = run([program, folder, path, str(threads)], threads)
            other, expected = run([sys.executable, __file__, folder, path], threads)
            line += f" {threads} threads {size / mine:.1f} MB/s, tokenizers {size / other:.1f}, ratio {other / mine:.1f};"
            line += "" if ids == expected else f" IDS DIFFER ({ids}, {expected});"
        print(line.rstrip(";"), flush=True)


if sys.argv[1] == "texts":
    write_texts(sys.argv[2], sys.argv[3:])
elif sys.argv[1] == "compare":
    compare(sys.argv[2], sys.argv[3], sys.argv[4:])
else:
    theirs(sys.argv[1], sys.argv[2])
