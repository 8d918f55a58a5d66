#!/usr/bin/env bash
# Every workload of every peer that was built, with tiny numbers: one JSON object a run, and the right answer in it.
#   experiments/peers/peers_test.sh [--build] DIR
# DIR is the folder that experiments/peers/build writes; --build has it written first. Skips (77) where none can be had.
set -uo pipefail
build=no
[ "${1:-}" != --build ] || { build=yes; shift; }
[ $# -eq 1 ] || { echo "usage: experiments/peers/peers_test.sh [--build] DIR" >&2; exit 2; }
folder=$1
if [ "$build" = yes ]; then
    "$(dirname "$0")/build" "$folder" || exit
fi
[ -d "$folder" ] || { echo "peers_test: $folder is no folder; experiments/peers/build writes one" >&2; exit 2; }
compgen -G "$folder/*_peer" >/dev/null || { echo "skipped: no peer could be built, see above"; exit 77; }
passed=0 failed=0 absent=()

fail() {
    echo "failed: $1: $2" >&2
    failed=$((failed + 1))
}

# PROGRAM ANSWER KEYS WORKLOAD NUMBERS…; KEYS: what "also" has to have, with commas, or -.
check() {
    local program=$1 answer=$2 keys=$3
    shift 3
    [ -x "$folder/$program" ] || return 0
    local text
    if ! text=$("$folder/$program" "$@" 2>&1); then
        fail "$program $*" "$text"
    elif ! text=$(python3 - "$text" "$answer" "$keys" 2>&1 <<'EOF'
import json, math, sys
sample = json.loads(sys.argv[1])
assert set(sample) <= {"value", "answer", "also"}, sample
assert sample["answer"] == int(sys.argv[2]), f"the answer is {sample['answer']}, not {sys.argv[2]}"
also = sample.get("also", {})
for figure in [sample["value"], *also.values()]:
    assert isinstance(figure, (int, float)) and math.isfinite(figure), sample
missing = [key for key in sys.argv[3].split(",") if key != "-" and key not in also]
assert not missing, f"no {missing} in {also}"
EOF
    ); then
        fail "$program $*" "$(tail -n 1 <<<"$text")"
    else
        passed=$((passed + 1))
    fi
}

# What there is not ends with exit code 2 and a sentence.
check_refused() {
    local program=$1 text code
    shift
    [ -x "$folder/$program" ] || return 0
    text=$("$folder/$program" "$@" 2>&1 >/dev/null)
    code=$?
    if [ "$code" -eq 2 ] && [ -n "$text" ]; then
        passed=$((passed + 1))
    else
        fail "$program $*" "exit code $code and '$text' instead of a refusal"
    fi
}

for program in go_peer rust_peer fiber_peer asio_peer uv_peer tbb_peer python_peer node_peer ruby_peer lua_peer \
    gjs_peer; do
    [ -x "$folder/$program" ] || absent+=("$program")
done

# Each word of the file is its offset, as of the page's.
words=$(mktemp) || exit 2
trap 'rm -f "$words"' EXIT
python3 - "$words" <<'EOF' || exit 2
import array, sys
with open(sys.argv[1], "wb") as file:
    array.array("Q", range(0, 1 << 18, 8)).tofile(file)
EOF
for tasks in 1 8; do
    check go_peer 327680 - read "$words" 4096 $tasks 80
    check rust_peer 327680 - tokio read "$words" 4096 $tasks 80
    check rust_peer 327680 - tokio read_in_pool "$words" 4096 $tasks 80
    check uv_peer 327680 cold_ns read "$words" 4096 $tasks 80
    check rust_peer 80 - tokio call 80 $tasks
    check rust_peer 80 - tokio call 80 $tasks 4
    check uv_peer 80 cold_ns call 80 $tasks
    check asio_peer 80 cold_ns call 80 $tasks
done
check go_peer 2621440 - size "$words" 10
check rust_peer 2621440 - tokio size "$words" 10
check uv_peer 2621440 cold_ns size "$words" 10
check go_peer 10 - lookup go 10
check go_peer 10 - lookup getaddrinfo 10
check rust_peer 10 - tokio lookup 10
check uv_peer 10 cold_ns lookup 10
check_refused go_peer lookup nonsense 10
check_refused go_peer read "$words.none" 4096 1 80
check_refused rust_peer tokio read "$words.none" 4096 1 80
check_refused uv_peer read "$words.none" 4096 1 80
check_refused uv_peer call 10 0

resident=resident_bytes,page_table_bytes,resident_total_mb
heap=bytes_per_operation,allocations_per_operation

while read -r answer work size; do
    check go_peer "$answer" cold_ms fork "$work" "$size" 2
    check rust_peer "$answer" cold_ms tokio fork "$work" "$size" 2
    check tbb_peer "$answer" cold_ms fork "$work" "$size" 2
done <<'EOF'
55 fibonacci 10
4950 skynet 100
92 queens 8
3145536 matrix 128
433169 tree 1
EOF
for program in go_peer tbb_peer; do check_refused "$program" fork nonsense 1 1; done
check_refused rust_peer tokio fork nonsense 1 1

check go_peer 100 $resident waiting 100
check go_peer 100 - initial 100
check go_peer 100 resident_total_mb run_through 100
check go_peer 100 - wake_all 100
check go_peer 1 limit_bytes,reached_bytes,moved depth 8388608
check go_peer 8 - waits 8 10
check go_peer 100 - let_go 100
check go_peer 1000 - budget 1000
check go_peer 100 - close 100
check go_peer 400 chi_square select 400
check go_peer 100 - sequential 100
check go_peer 100 - concurrent 100
check go_peer 100 - million 100 2
check go_peer 15 - yield 3 5
check go_peer 100 - channel 100
check go_peer 400 - conversation 4 2 1 400 1
check go_peer 400 - mpmc 4 400 1
check go_peer 100 - held 100
check go_peer 101 - parked 1 100
check go_peer 101 - given_up 100 10
check go_peer 10 - cancel 10
for operation in mutex rwlock_read rwlock_write semaphore once_get once_set notify notify_made send recv roundtrip \
    oneshot broadcast watch mpmc mpmc_suspended mutex_contended mutex_contended_suspended semaphore_contended \
    semaphore_contended_suspended; do
    check go_peer 1000 - op $operation 1000
done
check go_peer 9996 - op rwlock_contended 10000
check_refused go_peer nonsense 1
check_refused go_peer waiting x
check_refused go_peer depth 999999999

check rust_peer 100 $resident tokio waiting 100
check rust_peer 100 resident_total_mb tokio run_through 100
check rust_peer 100 - tokio wake_all 100
check rust_peer 1 stack_bytes tokio depth
check rust_peer 8 - tokio waits 8 10
check rust_peer 20 stack_bytes,resident_bytes std threads 20
check rust_peer 20 - tokio blocking 20
check rust_peer 1 - tokio crowded 20
check rust_peer 100 - tokio let_go 100
check rust_peer 1000 beside_yield_now tokio budget 1000
check rust_peer 100 - flume close 100
check rust_peer 400 bytes_per_wait tokio waiters 100
check rust_peer 100 - tokio barrier8 100
check rust_peer 100 cold_ns tokio sequential 100
check rust_peer 100 cold_ns tokio concurrent 100
check rust_peer 100 cold_ns tokio million 100 2
check rust_peer 15 - tokio yield 3 5
check rust_peer 15 - tokio yield_waker 3 5
check rust_peer 10 - tokio cancel 10
check rust_peer 10 - tokio timeout waker 10
for operation in mutex mutex_try rwlock_read rwlock_read_try rwlock_write rwlock_write_try semaphore semaphore_try \
    once_get once_get_awaited once_set notify notify_made barrier barrier_made barrier_pass send recv send_awaited \
    recv_awaited roundtrip roundtrip_awaited oneshot oneshot_awaited broadcast broadcast_awaited watch watch_awaited \
    mutex_contended mutex_contended_suspended mutex_contended_suspended_waker semaphore_contended \
    semaphore_contended_suspended semaphore_contended_suspended_waker; do
    check rust_peer 1000 $heap tokio op $operation 1000
done
check rust_peer 9996 $heap tokio op rwlock_contended 10000
check rust_peer 9996 $heap tokio op rwlock_contended_suspended_waker 10000
for library in tokio flume async-channel; do
    check rust_peer 100 - $library channel 100
    check rust_peer 400 - $library conversation 4 2 1 400 1
    check rust_peer 100 - $library held 100
    check rust_peer 101 - $library parked 1 100
    check rust_peer 101 - $library given_up 100 10
    [ $library = tokio ] || check rust_peer 400 $heap $library mpmc 4 400 1
    [ $library = tokio ] || check rust_peer 400 $heap $library op mpmc_suspended 400
    [ $library = tokio ] || check rust_peer 400 $heap $library op mpmc_suspended_waker 400
    for operation in send recv send_awaited recv_awaited roundtrip roundtrip_awaited; do
        check rust_peer 1000 $heap $library op $operation 1000
    done
done
check_refused rust_peer tokio nonsense 1
check_refused rust_peer tokio close 10
check_refused rust_peer flume op mutex 10

check fiber_peer 100 $resident waiting 100
check fiber_peer 100 - initial 100
check fiber_peer 15 - yield 3 5
check fiber_peer 100 cold_ns sequential 100
check fiber_peer 100 cold_ns concurrent 100
check_refused fiber_peer nonsense 1
check_refused fiber_peer waiting x

check asio_peer 100 $resident waiting 100
check asio_peer 15 - yield 3 5
check asio_peer 100 cold_ns sequential 100
check asio_peer 100 cold_ns concurrent 100
check_refused asio_peer nonsense 1

check uv_peer 100 cold_ns sequential 100
check_refused uv_peer concurrent 100

check python_peer 100 $resident waiting 100
check python_peer 100 resident_total_mb run_through 100
check python_peer 15 - yield 3 5
check python_peer 15 - generator 3 5
check python_peer 100 cold_ns sequential 100
check python_peer 100 cold_ns concurrent 100
check python_peer 1 - depth
check python_peer 8 - waits 8 10
check_refused python_peer nonsense 1
check_refused python_peer waiting

check node_peer 100 $resident,heap_bytes waiting 100
check node_peer 15 - yield 3 5
check gjs_peer 10000 $resident waiting 10000
check node_peer 100 cold_ns sequential 100
check node_peer 100 cold_ns concurrent 100
check_refused node_peer nonsense 1
check_refused node_peer waiting
check_refused gjs_peer nonsense 1
check_refused gjs_peer waiting

check ruby_peer 100 $resident waiting 100
check ruby_peer 100 machine_stack_bytes,virtual_bytes initial 100
check ruby_peer 15 - yield 3 5
check ruby_peer 100 cold_ns sequential 100
check_refused ruby_peer nonsense 1
check_refused ruby_peer waiting

check lua_peer 100 $resident waiting 100
check lua_peer 100 - initial 100
check lua_peer 15 - yield 3 5
check_refused lua_peer nonsense 1
check_refused lua_peer waiting

[ ${#absent[@]} -eq 0 ] || echo "not built, and not tested: ${absent[*]}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
