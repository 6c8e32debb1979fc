# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# How tools/doctor has packages installed, or unpacked: with a line now and
# then, and all that apt-get says in a log. It knows of no package; $log,
# $SYSROOT and, for what needs it, $root are doctor's.

# Prints the prefix that makes a command run as root, or fails.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        echo env
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        echo sudo -n
    else
        return 1
    fi
}

no_debian() {
    command -v apt-get >/dev/null ||
        echo "doctor: there is no apt-get here; docs/PLATFORMS.md has other" \
            "names. When all is there by another name, set DOCTOR=0" >&2
}

have_lists() {
    compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null
}

# ---- what apt-get says ----

# Shows one step: on a terminal always in the same line.
show() { # what, percent
    if [ -t 2 ]; then
        printf '\rdoctor: %s: %3d%%\e[K' "$1" "$2" >&2
    else
        echo "doctor: $1: $2%" >&2
    fi
}

# Reads all of it: what is for a person goes to the log; of the rest (apt's
# APT::Status-Fd) a step is shown when it is a quarter farther than the last.
digest() {
    local line kind percent last=''
    while IFS= read -r line; do
        case $line in
        dlstatus:*) kind=downloading ;;
        pmstatus:*) kind=installing ;;
        *) printf '%s\n' "$line"; continue ;;
        esac
        IFS=: read -r _ _ percent _ <<<"$line"
        percent=${percent%%.*}
        [[ $percent =~ ^[0-9]+$ ]] || continue
        [ -t 2 ] || percent=$((percent / 25 * 25))
        [ "$kind $percent" = "$last" ] || show "$kind" "$percent"
        last="$kind $percent"
    done >>"$log"
    [ ! -t 2 ] || [ -z "$last" ] || echo >&2
}

# sudo leaves no other file open than the first three: both go through one.
apt() {
    echo "# apt-get $*" >>"$log"
    # $root is one or two words.
    # shellcheck disable=SC2154,SC2086
    $root DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o APT::Status-Fd=1 "$@" 2>&1 | digest
    return "${PIPESTATUS[0]}"
}

new_log() {
    if ! { mkdir -p "${log%/*}" && : >"$log"; } 2>/dev/null; then
        log=$(mktemp) || exit 1
    fi
}

failed() {
    echo "doctor: $1. $log has all that apt-get said; in short:" >&2
    grep -h '^[EW]:' "$log" | tail -n 3 | sed 's/^/doctor:   /' >&2
    return 1
}

# ---- the two ways ----

install_packages() {
    new_log
    echo "doctor: installing $1 (details: $log)" >&2
    have_lists || apt update || { failed 'apt-get update failed'; return 1; }
    # The lists can be there and old: then one update helps.
    # shellcheck disable=SC2086 # several words are meant
    apt install --no-install-recommends $1 ||
        { apt update && apt install --no-install-recommends $1; } ||
        failed 'the installation failed'
}

# apt-get for amd64, from where this machine's apt gets its packages, but with
# lists of its own: nothing about the machine is changed.
foreign_apt() {
    local state=$SYSROOT/apt root=env

    mkdir -p "$state"/{lists,cache/archives}/partial &&
        : >>"$state/status" || return 1
    apt -o APT::Architecture=amd64 -o APT::Architectures::=amd64 \
        -o APT::Sandbox::User= -o Dir::State="$state" \
        -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" "$@"
}

unpack_packages() {
    local file names=${1//:amd64/}

    [ -s "$log" ] || new_log
    case $log in /*) ;; *) log=$PWD/$log ;; esac
    echo "doctor: unpacking $1 in $SYSROOT (details: $log)" >&2
    foreign_apt update || { failed 'apt-get update failed'; return 1; }
    rm -f "$SYSROOT"/apt/*.deb
    # shellcheck disable=SC2086 # several words are meant
    (cd "$SYSROOT/apt" && SYSROOT=.. foreign_apt download $names) ||
        { failed 'no download for amd64'; return 1; }
    for file in "$SYSROOT"/apt/*.deb; do
        dpkg-deb -x "$file" "$SYSROOT" || return 1
    done
    rm -rf "$SYSROOT/apt"
    # Since Debian 13 all programs are in usr/bin.
    [ -e "$SYSROOT/bin" ] || ln -s usr/bin "$SYSROOT/bin"
}
