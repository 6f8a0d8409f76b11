#!/bin/sh
# Builds actions for wask: Rust to wasm32-wasip1, and C.
#
#   sdk/setup-guests.sh setup        makes this machine able to build wask and Rust actions; says in one line how
#   sdk/setup-guests.sh build ARGS…  cargo build --target wasm32-wasip1 ARGS…
#   sdk/setup-guests.sh c [FOLDER]   builds examples/hello-c into FOLDER (target/guests/wasm32-wasip1/guest)
#
# Most machines have rustup, which installs the target. Where its servers cannot be reached, Debian 12's packages bring
# a second compiler, the source of its standard library, and the C library that this needs.
# WASK_GUEST_TOOLCHAIN=debian uses those also where rustup has the target.
set -eu

target=wasm32-wasip1
debian_rust="rustc-web rust-web-src wasi-libc lld-16"
debian_c="clang-16 libclang-rt-16-dev-wasm32 wasi-libc lld-16"

# Servers that cannot be reached may also just not answer.
limited() {
    if command -v timeout >/dev/null; then timeout 60 "$@"; else "$@"; fi
}

# The pinned compiler may be out of reach as well; any from 1.85 on builds actions.
choose_compiler() {
    command -v rustup >/dev/null || return 0
    limited rustc --version >/dev/null 2>&1 || export RUSTUP_TOOLCHAIN=stable
}

rustup_has_target() {
    [ "${WASK_GUEST_TOOLCHAIN:-}" != debian ] || return 1
    [ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null)" ]
}

rustup_adds_target() {
    [ "${WASK_GUEST_TOOLCHAIN:-}" != debian ] || return 1
    command -v rustup >/dev/null && limited rustup target add "$target" >/dev/null 2>&1 && rustup_has_target
}

debian_has_target() {
    [ -x /usr/bin/rustc ] && command -v wasm-ld-16 >/dev/null && [ -f /usr/lib/wasm32-wasi/crt1-command.o ] &&
        [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std" ]
}

debian_installs() {
    grep -q '^VERSION_ID="12"' /etc/os-release 2>/dev/null && grep -q '^ID=debian' /etc/os-release || return 1
    if [ "$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null; then sudo=sudo; else return 1; fi
    $sudo apt-get -qq update >&2 &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" >&2
}

# The server is built with one, SQLite is written in C.
has_c_compiler() {
    command -v cc >/dev/null && return 0
    debian_installs gcc libc6-dev && echo "actions: installed gcc" && return 0
    echo "actions: this machine has no C compiler: apt-get install gcc libc6-dev" >&2
    return 1
}

setup() {
    has_c_compiler || exit 1
    choose_compiler
    if rustup_has_target; then
        echo "actions: $target is installed for $(rustc --version)"
    elif rustup_adds_target; then
        echo "actions: rustup installed $target for $(rustc --version)"
    elif debian_has_target; then
        echo "actions: $target is built from Debian's packages with $(/usr/bin/rustc --version)"
    elif debian_installs $debian_rust && debian_has_target; then
        echo "actions: installed Debian's packages, $target is built with $(/usr/bin/rustc --version)"
    else
        no_way
    fi
}

no_way() {
    cat >&2 <<EOF
actions: this machine cannot build Rust for $target. Either of these helps:
  rustup target add $target
  apt-get install --no-install-recommends $debian_rust    (Debian 12, as root)
EOF
    exit 1
}

build() {
    choose_compiler
    if rustup_has_target || rustup_adds_target; then
        exec cargo build --target "$target" "$@"
    fi
    debian_has_target || no_way
    sysroot=/usr/lib/wasm32-wasi
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    flags="-C link-self-contained=no -C linker=wasm-ld-16 -L$sysroot -C link-arg=$sysroot/crt1-command.o"
    export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="$flags"
    exec cargo build -Z build-std=std,panic_abort --target "$target" "$@"
}

compile_c() {
    for clang in "${WASI_SDK_PATH:+$WASI_SDK_PATH/bin/clang}" clang-16 clang; do
        command -v "$clang" >/dev/null || continue
        "$clang" --target=wasm32-wasi -O2 -Wl,--strip-debug -o "$2" "$1" 2>/dev/null && return 0
    done
    return 1
}

c() {
    root=$(cd "$(dirname "$0")/.." && pwd)
    source=$root/examples/hello-c/hello.c
    folder=${1:-$root/target/guests/$target/guest}
    mkdir -p "$folder"
    if compile_c "$source" "$folder/hello-c.wasm"; then
        echo "actions: built $folder/hello-c.wasm"
    elif debian_installs $debian_c && compile_c "$source" "$folder/hello-c.wasm"; then
        echo "actions: installed Debian's clang-16, built $folder/hello-c.wasm"
    else
        echo "actions: left out hello-c, no clang here compiles for wasm32-wasi"
    fi
}

case "${1:-}" in
    setup | build | c) "$@" ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
