#!/bin/sh
# Installs `aio rt` once, for the commands of README.md that need it, into target/clients. Says in one line how it went;
# where it cannot be installed those commands are left out of the test.
#
# `aio` is a shell around plug-ins. Installed is the plug-in that every `aio rt` command is part of, a quarter of the
# whole, and `aio` in this folder runs it.
set -u
plugin=@adobe/aio-cli-plugin-runtime@8.1.0
folder=$(cd "$(dirname "$0")/../.." && pwd)/target/clients

limited() {
    if command -v timeout >/dev/null; then timeout 300 "$@"; else "$@"; fi
}

mkdir -p "$folder"
if [ "$(cat "$folder/installed" 2>/dev/null)" = "$plugin" ]; then
    echo "clients: aio rt is installed"
elif ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    echo "clients: left out aio rt, there is no npm"
elif limited npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --loglevel=error "$plugin" \
    >"$folder/npm.log" 2>&1; then
    echo "$plugin" >"$folder/installed"
    echo "clients: installed aio rt"
else
    echo "clients: left out aio rt, npm could not install $plugin ($folder/npm.log says why)"
fi
