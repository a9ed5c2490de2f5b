#!/usr/bin/env python3
"""Feeds observations to `rulecheck stream` and prints its answers: caller.py POLICY"""
import json, subprocess, sys

stream = subprocess.Popen(["rulecheck", "stream", "-p", sys.argv[1]], text=True, encoding="utf-8",
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)

def tell(**line):
    stream.stdin.write(json.dumps(line) + "\n")

def tick(at):
    tell(tick=at)
    stream.stdin.flush()
    for line in stream.stdout:
        (kind, body), = json.loads(line).items()
        if kind == "tick": return
        yield kind, body

start = 1795395600000  # milliseconds since 1970
tell(at=start, instance="i-0a1", attach="kernel")
for minute in range(1, 6):
    now = start + 60_000 * minute
    tell(at=now, instance="i-0a1", sample="node_load1", labels={"job": "node"}, value=2 * minute)
    tell(at=now, instance="i-0a1", line=f"Killed process {minute} (java)", source="kernel")
    for kind, body in tick(now):
        print(kind, body["instance"], body["at"], body["previous"], "->", body["verdict"])
