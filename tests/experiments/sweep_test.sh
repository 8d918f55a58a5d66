#!/usr/bin/env bash
# experiments/run --workers: a page has a table for each number of workers and says which are more than the processors;
# one workload can be measured alone. Quick, and of one page. Builds in build/bench.
#   tests/experiments/sweep_test.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
    echo "sweep_test: $*" >&2
    exit 1
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
experiments/run --quick --only scheduler --workers 1,2,64 --out "$folder" >"$folder/log" 2>&1 ||
    fail "experiments/run ended with $?: $(tail -n 20 "$folder/log")"
for count in 1 2 64; do
    grep -qE "^### bursts of 1,000 tasks .*, $count workers?( on .*)?\$" "$folder/scheduler.md" ||
        fail "no table of $count workers"
done
grep -q "64 workers on $(nproc) processors, oversubscribed" "$folder/scheduler.md" || fail "64 workers are not marked"
grep -q ',yes,' "$folder/data/scheduler.csv" || fail "the CSV marks nothing as oversubscribed"

again=$(grep -o 'experiments/run --only scheduler --workload by_workers[^`]*' "$folder/scheduler.md" | head -n 1)
text=$($again --built) || fail "'$again' ended with $?: $text"
[ "$(grep -c '^### ' <<<"$text")" -eq 3 ] || fail "'$again' does not print three tables: $text"
