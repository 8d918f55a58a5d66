#!/usr/bin/env bash
# Installs the library, static or shared, and builds an outside project against it: by find_package and by pkg-config.
# The static one is that of the build which runs this test; the shared one is built here, and so is the checked one,
# which is static and a debug build.
#   consumer_test.sh static|shared|checked <source> <folder> <compiler> <build>
set -euo pipefail
kind=$1 source=$2 build=$3 compiler=$4 built=$5
prefix=$build/prefix
rm -rf "$build"
if [ "$kind" != static ]; then
    built=$build/library
    how=(-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON)
    [ "$kind" = shared ] || how=(-DCMAKE_BUILD_TYPE=Debug -DCMAKE_UNITY_BUILD=ON)
    cmake -S "$source" -B "$built" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" "${how[@]}" \
        -DBIFILAR_TESTS=OFF -DBIFILAR_EXPERIMENTS=OFF -DBIFILAR_EXAMPLES=OFF >/dev/null
    cmake --build "$built" >/dev/null
fi
cmake --install "$built" --prefix "$prefix" >/dev/null

# Its frames are probed, though it has not asked for that.
reports_large_frame() {
    local words
    ! words=$(ulimit -c 0; "$1" large_frame 2>&1) || { echo "$1 did not notice a large frame" >&2; return 1; }
    grep -q 'bifilar: fiber stack overflow' <<<"$words" || { echo "$1: $words" >&2; return 1; }
}

# Its locks are checked where the library is, though it has not asked for that either.
tells_own_lock() {
    local words checked=0
    words=$("$1" own_lock 2>&1) || { echo "$1 own_lock: $words" >&2; return 1; }
    grep -q 'a mutex that it has locked itself' <<<"$words" && checked=1
    [ "$kind" = static ] || [ $checked = "$([ "$kind" = checked ] && echo 1 || echo 0)" ] ||
        { echo "$1, whose library is $kind: $words" >&2; return 1; }
}

# TLS is there when OpenSSL is.
tls=OFF
[ -n "$(find "$prefix" -name 'libbifilar_tls.*' -print -quit)" ] && tls=ON
cmake -S "$source/tests/consumer" -B "$build/consumer" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$prefix" -DWITH_TLS=$tls >/dev/null
cmake --build "$build/consumer" >/dev/null
"$build/consumer/consumer"
tells_own_lock "$build/consumer/consumer"
reports_large_frame "$build/consumer/consumer"
[ $tls = OFF ] || "$build/consumer/consumer_tls"

library=$(dirname "$(find "$prefix" -name 'libbifilar.*' | head -n 1)")
export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library
static=()
[ "$kind" = shared ] || static=(--static)
# Word splitting is wanted: pkg-config prints several arguments.
# shellcheck disable=SC2046
"$compiler" "$source/tests/consumer/main.cpp" -o "$build/by-pkg-config" \
    $(pkg-config "${static[@]}" --cflags --libs bifilar)
"$build/by-pkg-config"
tells_own_lock "$build/by-pkg-config"
reports_large_frame "$build/by-pkg-config"
if [ $tls = ON ]; then
    # shellcheck disable=SC2046
    "$compiler" "$source/tests/consumer/tls.cpp" -o "$build/tls-by-pkg-config" \
        $(pkg-config "${static[@]}" --cflags --libs bifilar-tls)
    "$build/tls-by-pkg-config"
fi

# gdb finds its script beside the shared library.
if [ "$kind" = shared ] && command -v gdb >/dev/null; then
    words=$(gdb -nx -q -batch -iex "add-auto-load-safe-path $build" -ex 'break main' -ex run -ex 'help bifilar tasks' \
        "$build/by-pkg-config" 2>&1)
    grep -q '^Lists all tasks' <<<"$words" || grep -q 'Operation not permitted' <<<"$words" ||
        { echo "gdb has not loaded the script: $words" >&2; exit 1; }
fi

# Without the definition there is less to tell, but all lies where the library has it.
if [ "$kind" = checked ]; then
    # shellcheck disable=SC2046
    "$compiler" "$source/tests/consumer/main.cpp" -o "$build/unchecked" \
        $(pkg-config "${static[@]}" --cflags --libs bifilar | sed 's/-DBIFILAR_DEBUG=1//')
    "$build/unchecked"
    "$build/unchecked" own_lock
fi

# The README's program, which people copy.
if [ "$kind" = static ]; then
    awk '/^```cpp$/ {on = 1; next} /^```$/ {if (on) exit} on' "$source/README.md" >"$build/readme.cpp"
    # shellcheck disable=SC2046
    "$compiler" -Wall -Wextra -c "$build/readme.cpp" -o /dev/null $(pkg-config --cflags bifilar)
fi
