# What the shell that runs a build's commands knows besides them; read by build.sh, which is
# made for each build and calls these in order. Commands run in this very shell, so that what one
# of them sets, the next ones find. Names begin with _cb_ to stay out of the commands' way.

_cb_say() {
    printf '[Container] %s %s\n' "$(date -u '+%Y/%m/%d %H:%M:%S')" "$1"
}

# A line for the platform, with the time in seconds, and parts of it where `date` can.
_cb_note() {
    _cb_time=$(date -u '+%s.%N')
    case $_cb_time in
    *N | *.) _cb_time=$(date -u '+%s') ;;
    esac
    printf '%s %s\n' "$_cb_time" "$*" >>"$_cb_control/out/progress"
}

# What another shell needs to go on: everything exported, the folder, and where we are.
_cb_save() {
    {
        export -p
        printf '_cb_at=%s; _cb_phase=%s; _cb_failed=%s; _cb_over=%s\n' \
            "$_cb_at" "$_cb_phase" "$_cb_failed" "$_cb_over"
        printf 'cd "$PWD" 2>/dev/null || cd "$CODEBUILD_SRC_DIR"\n'
    } >"$_cb_control/out/saved"
}

_cb_begin() { # number phase
    if [ "$1" -le "$_cb_at" ] || [ -n "$_cb_over" ]; then
        return 1
    fi
    _cb_at=$1 _cb_phase=$2 _cb_failed=
    _cb_note begin "$2"
    _cb_say "Entering phase $2"
}

# Whether this command is to be run now; its text is then in _cb_command.
_cb_step() { # number kind
    if [ "$1" -le "$_cb_at" ] || [ -n "$_cb_over" ]; then
        return 1
    fi
    if [ -n "$_cb_failed" ] && [ "$2" != last ]; then
        return 1
    fi
    _cb_at=$1
    _cb_command=$(cat "$_cb_control/steps/$1")
    _cb_say "Running command $_cb_command"
    _cb_save
}

_cb_done() { # status
    set +eux
    if [ "$1" -ne 0 ]; then
        _cb_say "Command did not exit successfully $(cat "$_cb_control/steps/$_cb_at") exit status $1"
        if [ -z "$_cb_failed" ]; then
            _cb_failed="$_cb_at:$1"
            export CODEBUILD_BUILD_SUCCEEDING=0
        fi
    fi
}

_cb_end() { # number phase what-a-failure-ends
    if [ "$1" -le "$_cb_at" ] || [ -n "$_cb_over" ]; then
        return 1
    fi
    _cb_at=$1
    for _cb_name in $_cb_exported; do
        if eval "[ -n \"\${$_cb_name+set}\" ]"; then
            eval "printf '%s' \"\$$_cb_name\"" >"$_cb_control/out/exported.$_cb_name"
        fi
    done
    if [ -z "$_cb_failed" ]; then
        _cb_note end "$2" 0 0
        _cb_say "Phase complete: $2 State: SUCCEEDED"
        _cb_say 'Phase context status code:  Message: '
        return 0
    fi
    _cb_status=${_cb_failed#*:} _cb_which=${_cb_failed%:*}
    _cb_note end "$2" "$_cb_which" "$_cb_status"
    _cb_say "Phase complete: $2 State: FAILED"
    _cb_say "Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: $(cat "$_cb_control/steps/$_cb_which"). Reason: exit status $_cb_status"
    _cb_over=$3
}
