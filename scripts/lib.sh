# shellcheck shell=bash disable=SC2034
# What scripts/test and scripts/demo have in common. Sourced, never run.
#
# Nothing of the machine is changed but for the packages that are missing: the
# checkout is copied into a private folder, built there by a user other than
# root, and installed into a copy of PostgreSQL's own files in that folder (a
# server finds its libraries and extensions relative to its program). No
# cluster, installation or service that exists is touched.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$root/kycvs.control")

work=          # the private folder
pg_bin=        # the private copy's programs
apt_snippet=   # tells Debian's packages not to create a cluster
apt_policy=    # tells them not to start a service
small_disk=    # a file system that is soon full, while it is mounted
keep=          # not empty: leave the private folder behind

# ---- messages ---------------------------------------------------------------

bold='' dim='' red='' green='' yellow='' blue='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' blue=$'\e[36m' plain=$'\e[0m'
fi

say() { printf '%s\n' "$*"; }
note() { printf '  %s%-9s%s %s\n' "$dim" "$1" "$plain" "$2"; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 2
}

# show_end LINES FILE: the end of a log, indented
show_end() {
    [ ! -s "$2" ] || tail -n "$1" "$2" | sed 's/^/    /'
}

# ---- who does what ----------------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "neither root nor sudo; someone who is root has to run: $*"
    fi
}

# PostgreSQL refuses to run as root.
plain_user() {
    if [ "$(id -u)" != 0 ]; then
        id -un
    elif id -u postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# The plain user, with an environment of its own, in the private folder.
as_user() {
    local name
    local -a command=(env -i -C "$work" "HOME=$work" "TMPDIR=$work/tmp" LANG=C.UTF-8 LC_ALL=C.UTF-8
        "PATH=${pg_bin:+$pg_bin:}/usr/local/bin:/usr/bin:/bin")

    for name in $(compgen -e); do
        case $name in
            KYCVS_* | PG_TEST_*) command+=("$name=${!name}") ;;
        esac
    done
    [ "$(id -u)" != 0 ] || command=(runuser -u "$(plain_user)" -- "${command[@]}")
    "${command[@]}" "$@"
}

# ---- packages ---------------------------------------------------------------

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" \
        </dev/null >>"$work/apt.log" 2>&1 && return
    show_end 15 "$work/apt.log" >&2
    die "apt-get $1 failed"
}

# The newest PostgreSQL server installed, or else the distribution's.
postgres_major() {
    local newest
    newest=$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | cut -d/ -f5 | sort -n | tail -1)
    if [ -z "$newest" ]; then
        apt-cache show postgresql >/dev/null 2>&1 || apt update
        newest=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -1)
    fi
    [ -n "$newest" ] || die "no PostgreSQL server package found"
    echo "$newest"
}

forbid_new_clusters() {
    apt_snippet=/etc/postgresql-common/createcluster.d/kycvs-no-cluster.conf
    as_root mkdir -p "${apt_snippet%/*}"
    echo 'create_main_cluster = false' | as_root tee "$apt_snippet" >/dev/null
}

allow_new_clusters() {
    [ -n "$apt_snippet" ] || return 0
    as_root rm -f "$apt_snippet"
    apt_snippet=
}

# The packages of Kannel and nginx would start services of their own.
forbid_services() {
    local policy=/usr/sbin/policy-rc.d
    [ ! -e "$policy" ] || return 0 # somebody has decided already
    apt_policy=$policy
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

allow_services() {
    [ -n "$apt_policy" ] || return 0
    as_root rm -f "$apt_policy"
    apt_policy=
}

# disable_service NAME: one whose package has just been installed, now and at the next boot
disable_service() {
    [ -x "/etc/init.d/$1" ] || return 0
    as_root "/etc/init.d/$1" stop >/dev/null 2>&1 || true
    as_root update-rc.d "$1" disable >/dev/null 2>&1 || true
}

# install_missing PACKAGE...: these, and what building and running takes
install_missing() {
    local package major
    local -a wanted=(gcc make libc6-dev pkg-config libssl-dev libicu-dev "$@") missing=()

    if ! command -v dpkg-query >/dev/null; then
        note packages "not a Debian: expected to be there"
        PG_CONFIG=${PG_CONFIG:-pg_config}
        return
    fi
    if [ -z "${PG_CONFIG:-}" ]; then
        major=$(postgres_major)
        wanted+=("postgresql-$major" "postgresql-server-dev-$major")
        PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config
    fi
    for package in "${wanted[@]}"; do
        installed "$package" || missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then
        note packages "all there"
        return
    fi
    note packages "installing ${missing[*]}"
    forbid_new_clusters
    forbid_services
    apt update
    apt install --no-install-recommends "${missing[@]}"
    allow_services
    allow_new_clusters
    for package in "${missing[@]}"; do
        [ "$package" != kannel ] || disable_service kannel
        [ "$package" != nginx-light ] || disable_service nginx
    done
}

# ---- the private folder -----------------------------------------------------

# open_work NAME
open_work() {
    local parent=${TMPDIR:-/tmp}

    trap close_work EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    # the plain user has to reach it, and the path of a socket in it is at most 107 bytes
    [ "$(id -u)" != 0 ] || runuser -u nobody -- test -w "$parent" 2>/dev/null || parent=/tmp
    [ ${#parent} -le 30 ] || parent=/tmp
    work=$(mktemp -d "$parent/$1.XXXXXX")
    chmod 755 "$work"
}

close_work() {
    local status=$?
    trap - EXIT
    allow_services
    allow_new_clusters
    if [ -n "$work" ] && [ -z "$keep" ]; then
        stop_programs
        stop_servers
        [ -z "$small_disk" ] || umount "$small_disk" || umount -l "$small_disk"
        rm -rf --one-file-system "$work"
    fi
    exit "$status"
}

# ---- programs beside the server ---------------------------------------------

# run_program NAME COMMAND...: as the plain user, in the background, until stop_programs
run_program() {
    local file=$work/tmp/$1.program
    shift
    as_user sh -c 'echo $$ >"$0" && exec "$@"' "$file" "$@" &
}

# In the order of their names; whatever does not end in half a minute is killed.
stop_programs() {
    local file pid tries
    for file in "$work"/tmp/*.program; do
        [ -s "$file" ] || continue
        pid=$(<"$file")
        kill -TERM "$pid" 2>/dev/null || true # the shell's own: a bare machine has no other
        for ((tries = 0; tries < 300; tries++)); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
        rm -f "$file"
    done
}

# Whatever still runs there; normally nothing.
stop_servers() {
    local pid
    [ -n "$pg_bin" ] || return 0
    while IFS= read -r pid; do
        as_user pg_ctl stop -s -m immediate -D "${pid%/*}" >/dev/null 2>&1 || true
    done < <(find "$work" -name postmaster.pid 2>/dev/null)
}

# give PATH: hands it to the plain user
give() { [ "$(id -u)" != 0 ] || chown -R "$(plain_user):" "$1"; }

copy_checkout() {
    mkdir -p "$work/src" "$work/tmp"
    tar -C "$root" --exclude=./.git --exclude=./tmp_check --exclude=./tmp_check_iso --exclude=./results \
        --exclude=./output_iso --exclude=./log --exclude='*.o' --exclude='*.so' --exclude='*.bc' \
        -cf - . | tar -C "$work/src" --no-same-owner -xf -
    give "$work/src"
    give "$work/tmp"
}

# A copy of PostgreSQL's programs, libraries and shared files.
copy_postgres() {
    local dir
    mkdir -p "$work/pg"
    for dir in bindir pkglibdir sharedir; do
        dir=$("$PG_CONFIG" --$dir)
        mkdir -p "$work/pg$dir"
        cp -a "$dir/." "$work/pg$dir/"
    done
    give "$work/pg"
    pg_bin=$work/pg$("$PG_CONFIG" --bindir)
}

# build_make ARGUMENT...: make, in the copy, for the PostgreSQL chosen; its bitcode for JIT is left out
build_make() { as_user make -C "$work/src" --no-print-directory PG_CONFIG="$PG_CONFIG" with_llvm=no "$@"; }

build_extension() {
    local started=$SECONDS

    [ -x "$(command -v "$PG_CONFIG")" ] || die "$PG_CONFIG: no such program"
    copy_checkout
    copy_postgres
    : >"$work/build.log"
    if ! { build_make -s -j"$(nproc)" && build_make -s install DESTDIR="$work/pg"; } >>"$work/build.log" 2>&1; then
        show_end 40 "$work/build.log" >&2
        die "the extension does not build"
    fi
    note build "kycvs $version for $("$PG_CONFIG" --version), $((SECONDS - started)) s"
    if grep -q 'warning:' "$work/build.log"; then
        note '' "${yellow}$(grep -c 'warning:' "$work/build.log") warnings${plain}"
        grep 'warning:' "$work/build.log" | head -20 | sed 's/^/    /'
    fi
}
