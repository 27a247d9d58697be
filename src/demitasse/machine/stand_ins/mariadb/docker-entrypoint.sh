#!/bin/bash
# Starts MariaDB as the official image does: on an empty data directory it first makes
# the users and the database that the environment asks for, on a server that only its
# own socket reaches, and then becomes the server proper.
#
# It may be killed at any moment. A marker file stands in the data directory from before
# the first file is made until everything is on disk; where it is found, what was begun
# is thrown away and made again. So a data directory without it is a whole one.
set -euo pipefail
shopt -s nullglob

readonly FIRST_DATA=/usr/share/mariadb-first-data
readonly MARKER=.initialising

say() { printf '%s [Entrypoint]: %s\n' "$(date --rfc-3339=seconds)" "$*"; }
fail() { say "ERROR: $*" >&2; exit 1; }

# setting NAME: the value of MARIADB_NAME or MYSQL_NAME, or of the file that
# MARIADB_NAME_FILE or MYSQL_NAME_FILE names; empty when none is set.
setting() {
    local name value='' file
    for name in "MARIADB_$1" "MYSQL_$1"; do
        file="${name}_FILE"
        if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
            fail "both $name and $file are set (but are exclusive)"
        fi
        if [ -n "${!name:-}" ]; then
            value="${!name}"
            break
        elif [ -n "${!file:-}" ]; then
            [ -r "${!file}" ] || fail "$file names ${!file}, which cannot be read"
            value="$(< "${!file}")"
            break
        fi
    done
    printf '%s' "$value"
}

# As an SQL string literal, under any sql_mode that this script sets (none).
quoted() { local text="${1//\\/\\\\}"; printf "'%s'" "${text//\'/\\\'}"; }
# As an SQL identifier.
named() { printf '`%s`' "${1//\`/\`\`}"; }
random_password() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

# The value that the server itself would use for an option, all files and arguments read.
server_option() {
    "${server[@]}" --verbose --help 2>/dev/null | awk -v name="$1" 'index($0, name " ") == 1 && !found { $1 = ""; sub(/^ +/, ""); print; found = 1 }'
}

read_settings() {
    root_password="$(setting ROOT_PASSWORD)"
    root_hash="$(setting ROOT_PASSWORD_HASH)"
    root_host="$(setting ROOT_HOST)"
    root_host="${root_host:-%}"
    database="$(setting DATABASE)"
    user="$(setting USER)"
    password="$(setting PASSWORD)"
    password_hash="$(setting PASSWORD_HASH)"
    random_root="$(setting RANDOM_ROOT_PASSWORD)"
    local empty="${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:-${MARIADB_ALLOW_EMPTY_PASSWORD:-${MYSQL_ALLOW_EMPTY_PASSWORD:-}}}"
    if [ -z "$root_password$root_hash$random_root$empty" ]; then
        fail 'Database is uninitialized and password option is not specified
	You need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD'
    fi
    if [ -n "$user" ] && [ -z "$password$password_hash" ]; then
        fail 'MARIADB_PASSWORD or MARIADB_PASSWORD_HASH is needed with MARIADB_USER'
    fi
    if [ "$user" = root ]; then
        fail 'MARIADB_USER="root": the root user always exists; set MARIADB_ROOT_PASSWORD alone'
    fi
    if [ -n "$random_root" ]; then
        root_password="$(random_password)"
        say "GENERATED ROOT PASSWORD: $root_password"
    fi
    health_password="$(random_password)"
}

identified() { # identified PASSWORD HASH
    if [ -n "$2" ]; then printf 'IDENTIFIED BY PASSWORD %s' "$(quoted "$2")"; else printf 'IDENTIFIED BY %s' "$(quoted "$1")"; fi
}

root_sql() {
    printf 'SET @@SESSION.SQL_LOG_BIN = 0;\n'
    printf "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');\n"
    printf "DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';\n"
    printf 'FLUSH PRIVILEGES;\n'
    if [ "$root_host" != localhost ]; then
        printf 'CREATE USER root@%s %s;\n' "$(quoted "$root_host")" "$(identified "$root_password" "$root_hash")"
        printf 'GRANT ALL ON *.* TO root@%s WITH GRANT OPTION;\n' "$(quoted "$root_host")"
        printf "GRANT PROXY ON ''@'%%' TO root@%s WITH GRANT OPTION;\n" "$(quoted "$root_host")"
    fi
    # Last: from here on this very client needs the password.
    printf 'ALTER USER root@localhost %s;\n' "$(identified "$root_password" "$root_hash")"
}

users_sql() {
    local host
    printf 'SET @@SESSION.SQL_LOG_BIN = 0;\n'
    for host in 127.0.0.1 ::1 localhost; do
        printf 'CREATE USER healthcheck@%s IDENTIFIED BY %s;\n' "$(quoted "$host")" "$(quoted "$health_password")"
    done
    if [ -n "$database" ]; then
        printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(named "$database")"
    fi
    if [ -n "$user" ]; then
        printf "CREATE USER %s@'%%' %s;\n" "$(quoted "$user")" "$(identified "$password" "$password_hash")"
        if [ -n "$database" ]; then
            # _ and % are patterns in a grant's database name.
            local pattern="${database//_/\\_}"
            printf "GRANT ALL ON %s.* TO %s@'%%';\n" "$(named "${pattern//%/\\%}")" "$(quoted "$user")"
        fi
    fi
}

# Throws away what an interrupted first start has left; what was there before it (a
# file system's lost+found) stays.
discard_unfinished() {
    local entry
    for entry in "$datadir"/* "$datadir"/.[!.]*; do
        entry="${entry##*/}"
        if [ "$entry" != "$MARKER" ] && ! grep --quiet --line-regexp --fixed-strings -- "$entry" "$datadir/$MARKER"; then
            rm -rf -- "${datadir:?}/$entry"
        fi
    done
}

begin() {
    if [ -e "$datadir/$MARKER" ]; then
        say 'An earlier first start was interrupted; beginning again'
        discard_unfinished
    else
        # The list is whole before it has its name.
        ls -A "$datadir" | { grep --invert-match --line-regexp --fixed-strings -- "$MARKER.new" || true; } > "$datadir/$MARKER.new"
        sync --file-system "$datadir"
        mv "$datadir/$MARKER.new" "$datadir/$MARKER"
    fi
    sync --file-system "$datadir"
    cp --archive "$FIRST_DATA"/. "$datadir"/
}

start_private_server() {
    "${server[@]}" --skip-networking --skip-slave-start --wsrep-on=OFF --expire-logs-days=0 \
        --socket="$socket" --loose-innodb_buffer_pool_load_at_startup=0 &
    private_server=$!
    local tries=0
    until "${admin[@]}" --execute='select 1' > /dev/null 2>&1; do
        kill -0 "$private_server" 2>/dev/null || fail 'the server ended while the data directory was being made'
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail 'the server does not answer'
        sleep 0.1
    done
}

run_given_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case "$file" in
            *.sh)
                if [ -x "$file" ]; then say "running $file"; "$file"; else say "sourcing $file"; . "$file"; fi ;;
            *.sql) say "running $file"; docker_process_sql < "$file" ;;
            *.sql.gz) say "running $file"; gzip -dc "$file" | docker_process_sql ;;
            *.sql.xz) say "running $file"; xz -dc "$file" | docker_process_sql ;;
            *.sql.zst) say "running $file"; zstd -dc "$file" | docker_process_sql ;;
            *) say "ignoring $file" ;;
        esac
    done
}

# Known to the scripts of /docker-entrypoint-initdb.d under this name.
docker_process_sql() {
    local into=()
    if [ -n "$database" ]; then into=("--database=$database"); fi
    "${admin[@]}" "${into[@]}" "$@"
}

initialise() {
    say 'Initializing database files'
    begin
    say 'Making users and databases'
    admin=(mariadb --no-defaults --protocol=socket --user=root --socket="$socket" --default-character-set=utf8mb4 --comments --batch)
    start_private_server
    users_sql | "${admin[@]}"
    # The given files may log in with root's password; with its hash alone, only we can't.
    if [ -z "$root_hash" ]; then
        root_sql | "${admin[@]}"
        export MYSQL_PWD="$root_password"
    fi
    run_given_files
    if [ -n "$root_hash" ]; then
        root_sql | "${admin[@]}"
    fi
    printf '[mariadb-client]\nport=%s\nsocket=%s\nuser=healthcheck\npassword=%s\n' "$port" "$socket" "$health_password" > "$datadir/.my-healthcheck.cnf"
    chmod 600 "$datadir/.my-healthcheck.cnf"
    kill "$private_server"
    wait "$private_server" || fail 'the server did not stop cleanly'
    sync --file-system "$datadir"
    rm "$datadir/$MARKER"
    sync --file-system "$datadir"
    say 'MariaDB init process done. Ready for start up.'
}

main() {
    if [ "${1:0:1}" = - ]; then set -- mariadbd "$@"; fi
    if [ "${1:-}" != mariadbd ] && [ "${1:-}" != mysqld ]; then exec "$@"; fi
    local argument
    for argument in "$@"; do
        case "$argument" in -'?' | --help | --print-defaults | -V | --version) exec "$@" ;; esac
    done
    server=("$@")
    datadir="$(server_option datadir)"
    datadir="${datadir%/}"
    socket="$(server_option socket)"
    port="$(server_option port)"
    [ -n "$datadir" ] || fail "the server refuses its configuration: $("${server[@]}" --verbose --help 2>&1 > /dev/null | tail -n 3)"
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$datadir" "${socket%/*}"
        find "$datadir" ! -user mysql -exec chown mysql:mysql {} +
        chown mysql:mysql "${socket%/*}"
        exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
    fi
    if [ -e "$datadir/$MARKER" ] || [ ! -d "$datadir/mysql" ]; then
        read_settings
        # As process 1 this shell would ignore a signal while it waits for a command.
        trap 'kill $(jobs -p) 2>/dev/null; wait; exit 143' TERM INT
        ( initialise ) &
        wait $!
        trap - TERM INT
    fi
    exec "$@"
}

main "$@"
