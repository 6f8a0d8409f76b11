#!/bin/sh
# Installs the clients that the tests drive into target/clients, in exactly the versions of package-lock.json. Says in
# one line how it went; where they cannot be installed, the tests that need them are left out.
#
# `aio` is a shell around plug-ins: 650 MB of them, of which the one with every `aio rt` command takes a fifth. Only that
# one is installed, and `aio` in this folder runs it. Its commands print the same as those of the whole; what differs is
# help, the answer to an unknown command and the name in the line "whisk CLI version".
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$here/../.." && pwd)/target/clients
npm="npm ci --prefix $folder --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error"
npm="$npm --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=30000"

limited() {
    if command -v timeout >/dev/null; then timeout 300 "$@"; else "$@"; fi
}

if cmp -s "$here/package-lock.json" "$folder/installed"; then
    echo "clients: aio rt and openwhisk are installed"
    exit
fi
rm -rf "$folder"
mkdir -p "$folder"
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    echo "clients: left out aio rt and openwhisk, there is no node with npm"
elif ! node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'; then
    echo "clients: left out aio rt and openwhisk, they need node 18, here is $(node --version)"
elif cp "$here/package.json" "$here/package-lock.json" "$folder" && limited $npm >"$folder/npm.log" 2>&1; then
    cp "$here/package-lock.json" "$folder/installed"
    echo "clients: installed aio rt and openwhisk"
else
    echo "clients: left out aio rt and openwhisk, npm could not install them ($folder/npm.log says why)"
fi
