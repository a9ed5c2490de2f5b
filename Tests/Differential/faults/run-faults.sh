#!/usr/bin/env bash
# Seeds each fault into a copy of the tree, builds, and shows that `differential` catches it within 2,000 cases.
# Usage: Tests/Differential/faults/run-faults.sh [patch…]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
(cd "$root" && tar --exclude=.build --exclude='.build-*' --exclude=./.git --exclude=./.venv -cf - .) | tar -xf - -C "$copy"
patches=("$@")
if [ ${#patches[@]} -eq 0 ]; then patches=("$here"/*.patch); fi
cd "$copy"
build() { swift build -c release --product differential >build.log 2>&1 || { cat build.log; exit 1; }; }
build
.build/release/differential --cases 200 >/dev/null || { echo "the tree itself fails"; exit 1; }
missed=0
for patch in "${patches[@]}"; do
  patch -s -p1 <"$patch"
  build
  if .build/release/differential --cases 2000 --jobs 2 --no-shrink >found.log 2>&1; then
    echo "MISSED  $(basename "$patch")"
    missed=$((missed + 1))
  else
    echo "caught  $(basename "$patch"): $(grep -m1 '^seed' found.log)"
  fi
  patch -s -R -p1 <"$patch"
done
echo "${#patches[@]} faults, $missed missed"
[ "$missed" -eq 0 ]
