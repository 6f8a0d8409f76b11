#!/bin/sh
# The compiler of our own crates in `make fuzz`: it counts the branches that an input takes, which libFuzzer reads.
# Dependencies are built as ever.
case " $* " in
    *" build_script_build "* | *" --crate-type proc-macro "* | *" -vV "*) exec "$@" ;;
esac
exec "$@" -Copt-level=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
