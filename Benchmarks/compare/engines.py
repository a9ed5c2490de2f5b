"""Times one engine on a policy and a fleet: engines.py ENGINE POLICY FLEET.bin ROWS CATALOG OPA

CATALOG is JSON: {"metrics": [names of the columns], "facts": {name: [values by code]}}. Prints one line of JSON. The
first line of `plain` holds the score of every row in thousandths: the yardstick.
"""

import json
import math
import os
import statistics
import struct
import sys
import time

for limit in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "GOMAXPROCS"):
    os.environ.setdefault(limit, "1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import emit
from policy import Policy, thousandths

REPEATS = 9


def measure(run, rows):
    """CPU nanoseconds per row, smallest and median of the repeats; the first run is not counted."""
    run()
    start = time.process_time()
    run()
    rounds = max(1, int(0.05 / max(time.process_time() - start, 1e-9)))
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(rounds):
            run()
        found.append((time.process_time() - start) / rounds / rows * 1e9)
    return {"min": min(found), "median": statistics.median(found)}


def load(path, catalog, rows):
    """Rows of a fleet file as dictionaries: what is missing is not there."""
    with open(path, "rb") as file:
        count = struct.unpack("<q", file.read(8))[0]
        rows = min(rows, count)
        table = [{} for _ in range(rows)]
        for column, name in enumerate(catalog["metrics"]):
            file.seek(8 + column * 8 * count)
            for row, value in zip(table, struct.unpack(f"<{rows}d", file.read(8 * rows))):
                if not math.isnan(value):
                    row[name] = value
        for column, (name, values) in enumerate(catalog["facts"].items()):
            file.seek(8 + len(catalog["metrics"]) * 8 * count + column * count)
            for row, code in zip(table, file.read(rows)):
                row[name] = values[code]
    return table


def columns(path, catalog):
    import numpy as np

    with open(path, "rb") as file:
        count = struct.unpack("<q", file.read(8))[0]
        numbers = {name: np.fromfile(file, "<f8", count) for name in catalog["metrics"]}
        codes = {name: np.fromfile(file, np.uint8, count) for name in catalog["facts"]}
    return count, numbers, codes


def bands(policy, scores):
    found = [0, 0, 0]
    for score in scores:
        # Sums of doubles: a thousandth of a thousandth of a point is noise.
        found[2 if score >= policy.replace - 1e-6 else 1 if score >= policy.watch - 1e-6 else 0] += 1
    return found


def report(policy, name, version, form, rows, scores, time, base=None):
    print(json.dumps({"engine": name, "version": version, "form": form, "rows": rows, "bands": bands(policy, scores),
                      "ns": time, "base_ns": base}), flush=True)


def version(package):
    from importlib.metadata import version

    return version(package)


def plain(policy, path, rows, catalog, opa):
    table = load(path, catalog, rows)
    scores = [thousandths(policy, row) for row in table]
    print(json.dumps({"engine": "plain", "rows": len(table), "thousandths": scores}), flush=True)


def cel(policy, path, rows, catalog, opa):
    import cel

    table = load(path, catalog, rows)
    programs = [cel.compile(text) for text in emit.cel(policy)]
    empty = [cel.compile("0.0") for _ in programs]
    contexts = [cel.Context(variables=row) for row in table]

    def one(context, programs):
        score = 0.0
        for program in programs:
            try:
                score += program.execute(context)
            except (RuntimeError, ValueError):
                pass  # it reads what is missing
        return score

    def all(programs):
        for context in contexts:
            one(context, programs)

    report(policy, "CEL (Rust)", version("common-expression-language"), "a program per rule, prepared context", len(table),
           [one(context, programs) for context in contexts], measure(lambda: all(programs), len(table)),
           measure(lambda: all(empty), len(table)))


def zen(policy, path, rows, catalog, opa):
    import zen

    table = [{"m": row} for row in load(path, catalog, rows)]
    expression, empty = zen.compile_expression(emit.zen(policy)), zen.compile_expression("0")

    def all(expression):
        for row in table:
            expression.evaluate(row)

    report(policy, "ZEN", version("zen-engine"), "one compiled expression", len(table),
           [float(expression.evaluate(row)) for row in table], measure(lambda: all(expression), len(table)),
           measure(lambda: all(empty), len(table)))


def opa(policy, path, rows, catalog, opa):
    sys.path.insert(0, opa)
    import ctypes
    import glob

    import opa_bindings

    rows = min(rows, 500)
    inputs = [json.dumps(row).encode() for row in load(path, catalog, rows)]

    def engine(text):
        one = opa_bindings.OpaEngine()
        one.add_policy("fleet.rego", text)
        library, handle = one._lib, one._handle

        def ask(document, keep=one):
            answer = library.OpaEvalDocument(handle, b"fleet.score", document, 0, 0)
            try:
                return ctypes.string_at(answer)
            finally:
                library.OpaFreeString(answer)

        return ask

    def score(answer):
        return float(json.loads(answer)["result"][0]["expressions"][0]["value"])

    ask, stub = engine(emit.rego(policy)), engine("package fleet\nimport rego.v1\nscore := 0\n")
    found = glob.glob(os.path.join(opa, "*.dist-info"))
    report(policy, "OPA (Go)", os.path.basename(found[0]).split('-')[1].removesuffix('.dist') if found else '?', "prepared query, JSON in and out",
           len(inputs), [score(ask(document)) for document in inputs],
           measure(lambda: [ask(document) for document in inputs], len(inputs)),
           measure(lambda: [stub(document) for document in inputs], len(inputs)))


def numpy(policy, path, rows, catalog, opa):
    import numpy as np

    np.seterr(all="ignore")
    count, numbers, codes = columns(path, catalog)
    scope = {"np": np, "code": lambda fact, value: catalog["facts"][fact].index(value)}
    exec(emit.numpy(policy), scope)
    whole = lambda: scope["score"](numbers, codes, count)
    chunks = [
        ({k: v[i : i + 8192] for k, v in numbers.items()}, {k: v[i : i + 8192] for k, v in codes.items()}, min(8192, count - i))
        for i in range(0, count, 8192)
    ]
    chunked = lambda: [scope["score"](*chunk) for chunk in chunks]
    times = {"whole columns": measure(whole, count), "chunks of 8192": measure(chunked, count)}
    best = min(times, key=lambda form: times[form]["min"])
    report(policy, "numpy", np.__version__, best, count, whole(), times[best])


def polars(policy, path, rows, catalog, opa):
    import polars as pl

    count, numbers, codes = columns(path, catalog)
    frame = pl.DataFrame(numbers).with_columns(pl.all().fill_nan(None))
    for name, values in catalog["facts"].items():
        frame = frame.with_columns(pl.Series(name, codes[name]))
    # Codes in place of words, as in numpy: comparing words would be slower.
    expression = emit.polars(coded(policy, catalog), pl)
    run = lambda: frame.lazy().select(expression).collect()
    report(policy, "polars", pl.__version__, "one lazy query, 1 thread", count, run()["score"].to_list(), measure(run, count))


def duckdb(policy, path, rows, catalog, opa):
    import duckdb
    import numpy as np
    import pyarrow as pa

    count, numbers, codes = columns(path, catalog)
    table = {name: pa.array(column, from_pandas=True) for name, column in numbers.items()}
    for name, values in catalog["facts"].items():
        table[name] = pa.array(np.array(values)[codes[name]]).dictionary_encode()
    arrow = pa.table(table)
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.register("source", arrow)
    connection.execute("CREATE TABLE fleet AS SELECT * FROM source")
    score = emit.sql(policy)
    # Sums of doubles, as in `bands`.
    watch, replace = f"CAST({policy.watch - 1e-6!r} AS DOUBLE)", f"CAST({policy.replace - 1e-6!r} AS DOUBLE)"
    query = (f"SELECT count(*) FILTER (score < {watch}), count(*) FILTER (score >= {watch} AND score < {replace}), "
             f"count(*) FILTER (score >= {replace}) FROM (SELECT {score} AS score FROM fleet)")
    run = lambda: connection.execute(query).fetchone()
    print(json.dumps({"engine": "duckdb", "version": duckdb.__version__, "form": "one query, counted, 1 thread",
                      "rows": count, "bands": list(run()), "ns": measure(run, count), "base_ns": None}), flush=True)


def coded(policy, catalog):
    """The same policy, its facts compared by code."""

    def change(tree):
        if tree[0] == "is":
            return ("is", tree[1], [catalog["facts"][tree[1]].index(value) for value in tree[2]])
        return tuple(change(part) if isinstance(part, tuple) else part for part in tree)

    for rule in policy.rules:
        rule.when = change(rule.when)
    return policy


if __name__ == "__main__":
    engine, policy, fleet, rows, catalog, folder = sys.argv[1:]
    globals()[engine](Policy(policy), fleet, int(rows), json.loads(catalog), folder)
