#!/bin/sh
# A build container's only process: waits for the source, runs the phases, waits until what they
# made has been taken, ends. It needs nothing of the platform in between: killed and started again,
# the platform finds the build where it has come to.
#
# $1 is the control folder. The platform puts there, each whole or not at all: `build.sh` and what
# it needs, then `source` (lines for the log, once the source is there; empty when it could not be
# had), and `end` (the log's last lines, once all is over). The agent answers in `out`.
control=$1
exec 2>&1 </dev/null

say() {
    printf '[Container] %s %s\n' "$(date -u '+%Y/%m/%d %H:%M:%S')" "$1"
}

await() {
    until [ -e "$control/$1" ]; do
        sleep 0.05 2>/dev/null || sleep 1
    done
}

mkdir -p "$control/out"
say 'Waiting for agent ping'
say 'Waiting for DOWNLOAD_SOURCE'
await source
cat "$control/source"
if [ -s "$control/source" ]; then
    shell=$(cat "$control/shell")
    if ! command -v "$shell" >/dev/null; then
        say "The shell $shell is not in the image"
        echo "no-shell" >>"$control/out/progress"
        : >"$control/out/ended"
    fi
    # A command that ends its shell (`exit`, `exec`, `set -e`) has another go on where it stopped.
    status=
    rounds=$(cat "$control/rounds")
    until [ -e "$control/out/ended" ]; do
        "$shell" "$control/build.sh" $status
        status=$?
        rounds=$((rounds - 1))
        if [ "$rounds" -lt 0 ]; then
            : >"$control/out/ended"
        fi
    done
    owner=$(cat "$control/owner")
    if [ "$owner" != 0 ]; then
        chown -R "$owner" "$control/out" "$control"/../source*
    fi
fi
: >"$control/out/waiting"
await end
cat "$control/end"
