#!/bin/sh
# Makes a Python environment with the engines that `compare` times beside ours: setup.sh DIRECTORY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
directory=$1
[ -x "$directory/bin/python" ] || python3 -m venv "$directory"
# One by one: what cannot be had here is reported as missing, and the rest still runs.
while read -r package; do
  "$directory/bin/pip" install -q --only-binary=:all: "$package" || echo "compare: $package is not to be had" >&2
done < "$here/requirements.txt"
# OPA as a Go library. Its wheel asks for a newer Python than it needs: plain ctypes, used from an unpacked folder.
if [ ! -d "$directory/opa" ]; then
  if "$directory/bin/pip" download -q --no-deps --only-binary=:all: --python-version 3.14 -d "$directory/wheels" \
    opa-golib-python-bindings; then
    "$directory/bin/python" -m zipfile -e "$directory"/wheels/opa_golib*.whl "$directory/opa"
  else
    echo "compare: opa-golib-python-bindings is not to be had" >&2
  fi
fi
