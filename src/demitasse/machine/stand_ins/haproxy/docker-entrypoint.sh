#!/bin/sh
# Runs HAProxy as the official image does: `-f …` alone means haproxy's options, and
# haproxy itself always runs in the foreground as master and worker (-W -db), so that
# it can be reloaded by SIGUSR2 and stopped gracefully by SIGUSR1.
set -e
if [ "${1#-}" != "$1" ]; then
    set -- haproxy "$@"
fi
if [ "$1" = haproxy ]; then
    shift
    set -- haproxy -W -db "$@"
fi
exec "$@"
