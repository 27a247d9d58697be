#!/bin/bash
# Answers whether the server is well, by the tests that are named:
#   --connect               a client can connect over TCP (never true while initialising)
#   --innodb_initialized    the InnoDB engine is there
# Exit status 0 when all hold, 1 otherwise.
set -euo pipefail

datadir="$(mariadbd --print-defaults 2>/dev/null | tr ' ' '\n' | sed -n 's/^--datadir=//p' | tail -n 1)"
credentials="${datadir:-/var/lib/mysql}/.my-healthcheck.cnf"
client=(mariadb)
if [ -r "$credentials" ]; then
    client+=("--defaults-file=$credentials")
fi
client+=(--protocol=tcp --host=127.0.0.1 --connect-timeout=3 --skip-column-names --batch)

connect() {
    # Being refused by name is an answer of a server that listens.
    local said
    said="$("${client[@]}" --execute='select 1' 2>&1)" || [[ "$said" == *'ERROR 1045'* ]]
}

innodb_initialized() {
    local support
    support="$("${client[@]}" --execute="select support from information_schema.ENGINES where engine = 'innodb'" 2>/dev/null)"
    [[ "$support" == YES || "$support" == DEFAULT ]]
}

if [ $# -eq 0 ]; then
    echo "healthcheck.sh: name at least one test: --connect, --innodb_initialized" >&2
    exit 1
fi
for test in "$@"; do
    case "$test" in
        --connect) connect || { echo 'healthcheck connect failed' >&2; exit 1; } ;;
        --innodb_initialized) innodb_initialized || { echo 'healthcheck innodb_initialized failed' >&2; exit 1; } ;;
        *) echo "healthcheck.sh: this stand-in has no test $test" >&2; exit 1 ;;
    esac
done
