#!/usr/bin/env bash
# Fuzzes each target for so many seconds and prints how many inputs it ran. A crash, a hang or too much memory fails, and
# leaves the input in .build-fuzz/findings: put it into Tests/Fuzz/Fixtures/TARGET, where the tests run it from then on.
#
#   Tests/Fuzz/run.sh SECONDS [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:?usage: run.sh SECONDS [TARGET...]}
shift
build=$PWD/.build-fuzz
mkdir -p "$build/findings"
(cd Tests/Fuzz && swift build -c release --sanitize fuzzer --product fuzz --scratch-path "$build" > "$build/build.log" 2>&1) \
  || { cat "$build/build.log"; exit 1; }
fuzz=$build/release/fuzz


# The program itself knows its targets.
if [ $# -gt 0 ]; then targets=("$@"); else mapfile -t targets < <(FUZZ_TARGET=list "$fuzz" 2> /dev/null < /dev/null); fi
failed=0
for target in "${targets[@]}"; do
  corpus=$build/corpus/$target
  mkdir -p "$corpus"
  seeds=()
  for folder in "Tests/Fuzz/Seeds/$target" "Tests/Fuzz/Fixtures/$target"; do [ -d "$folder" ] && seeds+=("$folder"); done
  # The Swift backtracer would take the trap before libFuzzer can write the input that caused it.
  if FUZZ_TARGET=$target SWIFT_BACKTRACE=enable=no "$fuzz" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=8192 \
    -print_final_stats=1 -artifact_prefix="$build/findings/$target-" "$corpus" "${seeds[@]}" < /dev/null > "$build/$target.log" 2>&1
  then
    printf 'fuzz: %-12s %9s executions in %s s\n' "$target" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log")" "$seconds"
  else
    failed=1
    tail -25 "$build/$target.log"
    echo "fuzz: $target FAILED, its input is in $build/findings"
  fi
done
exit $failed
