#!/bin/sh
# Fuzzes the parsers of wask with libFuzzer.
#
#   tests/fuzz/run.sh SECONDS [TARGET…]   runs each target for so long; fails if one panics, hangs or takes too much
#                                         memory, and leaves the input in tests/fuzz/TARGET
#   tests/fuzz/run.sh keep TARGET         adds what was found in target/fuzz/TARGET and reaches more of the code than
#                                         what is in tests/fuzz/TARGET
#
# Our own crates are built with counters (see instrument.sh), next to those of `make test`, in the same folder.
# tests/fuzz/TARGET.dict, where there is one, lists words that the target knows.
set -eu
cd "$(dirname "$0")/../.."

command -v c++ >/dev/null || {
    echo "fuzz: libFuzzer needs a C++ compiler, installing g++"
    apt-get -qq update >&2 && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends g++ >&2
}
RUSTC_WORKSPACE_WRAPPER="$PWD/tests/fuzz/instrument.sh" cargo build --quiet -p wask-tests --features fuzz --bin fuzz

# The target's name, then libFuzzer's arguments.
fuzz() {
    FUZZ_TARGET=$1
    shift
    [ ! -f "tests/fuzz/$FUZZ_TARGET.dict" ] || set -- -dict="tests/fuzz/$FUZZ_TARGET.dict" "$@"
    FUZZ_TARGET=$FUZZ_TARGET target/debug/fuzz -rss_limit_mb=2048 -timeout=10 -max_len=4096 "$@"
}

last() {
    sed -n "s/.*$1 *\([0-9]*\).*/\1/p" "$2" | tail -1
}

if [ "$1" = keep ]; then
    fuzz "$2" -set_cover_merge=1 -use_counters=0 "tests/fuzz/$2" "target/fuzz/$2"
    exit
fi

seconds=$1
shift
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls -d */ | tr -d /)
failed=0
printf '%-10s %10s %10s %10s\n' target runs branches new
for target; do
    mkdir -p "target/fuzz/$target"
    log=target/fuzz/$target.log
    result=ok
    fuzz "$target" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="tests/fuzz/$target/" \
        "target/fuzz/$target" "tests/fuzz/$target" >"$log" 2>&1 || result="FAILED, see $log"
    printf '%-10s %10s %10s %10s %s\n' "$target" "$(last number_of_executed_units: "$log")" "$(last 'cov:' "$log")" \
        "$(last new_units_added: "$log")" "$result"
    [ "$result" = ok ] || { failed=1; grep -E 'panicked|SUMMARY|Test unit written' -A2 "$log" | head -20; }
done
exit $failed
