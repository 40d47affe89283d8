#!/usr/bin/env bash
# Makes the virtual environment of this checkout; returns at once when that is already done.
#
#   local/install.sh [--has-python]
#
# --has-python      only tell by the exit code whether there is a suitable interpreter
# PYTHON            interpreter to build on; default: the newest of 3.11 to 3.13 on PATH or in pyenv
# URGENT26_VENV     where the environment lies; default: .venv in the checkout
# URGENT26_EXTRAS   extras of setup.py to install; default: train,score,corpus,serve,export,dev
#
# A run that was interrupted is continued by the next one. Two at the same time wait for each other.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
venv=${URGENT26_VENV:-$root/.venv}
[[ $venv == /* ]] || venv=$PWD/$venv
extras=${URGENT26_EXTRAS:-train,score,corpus,serve,export,dev}
stamp=$venv/.set-up-finished
log=$venv/set-up.log
space_full_gb=10
space_repair_gb=2

fail() {
    printf 'set-up: %s\n' "$*" >&2
    exit 2
}

# What the environment was made from. A change of any of it makes the next call install again.
recipe() {
    printf 'checkout %s\nextras %s\nsetup.py %s\n' "$root" "$extras" "$(cksum <"$root/setup.py")"
}

finished() {
    local line made_from='' made_with='' asked=''
    [[ -x $venv/bin/python && -f $stamp ]] || return 1
    while IFS= read -r line; do
        case $line in
            "python "*) made_with=${line#python } ;;
            "asked "*) asked=${line#asked } ;;
            *) made_from+=$line$'\n' ;;
        esac
    done <"$stamp"
    [[ $made_from == "$(recipe)"$'\n' ]] || return 1
    [[ -z ${PYTHON:-} || $PYTHON == "$asked" ]] && return 0
    local found
    found=$(choose_python 2>/dev/null) && [[ $(version_of "$found") == "$made_with" ]]
}

# Prints the version of an interpreter that can build the environment; otherwise fails.
version_of() {
    "$1" -c 'import sys, venv, ensurepip
assert (3, 11) <= sys.version_info < (3, 14) and sys.maxsize > 2**32
print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null
}

# Prints the path of an interpreter of that minor version, on PATH or in pyenv; otherwise fails.
find_minor() {
    local candidate
    while IFS= read -r candidate; do
        if version_of "$candidate" >/dev/null; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done < <(
        type -aP "python3.$1"
        printf '%s\n' "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3."$1".*/bin/python | sort -Vr
    )
    return 1
}

# Prints the path of the newest interpreter that will do; otherwise fails.
find_python() {
    local candidate
    find_minor 13 || find_minor 12 || find_minor 11 && return 0
    for candidate in python3 python; do
        if candidate=$(type -P "$candidate") && version_of "$candidate" >/dev/null; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

choose_python() {
    local found minor
    if [[ -n ${PYTHON:-} ]]; then
        if version_of "$PYTHON" >/dev/null; then
            type -P "$PYTHON"
        elif [[ $PYTHON == python3.1[123] ]] && found=$(find_minor "${PYTHON#python3.}"); then
            printf '%s\n' "$found"
        else
            fail "PYTHON=$PYTHON is no Python 3.11, 3.12 or 3.13 with" \
                "the modules venv and ensurepip; set PYTHON to one or unset it"
        fi
    elif found=$(find_python); then
        printf '%s\n' "$found"
    else
        for minor in 13 12 11; do
            if found=$(type -P "python3.$minor") && "$found" -c '' 2>/dev/null; then
                fail "$found lacks the modules venv and ensurepip; install them" \
                    "(Debian, Ubuntu: apt install python3.$minor-venv) or set PYTHON"
            fi
        done
        fail "no Python 3.11, 3.12 or 3.13 found on PATH or in pyenv; install one" \
            "(Debian, Ubuntu: apt install python3.12 python3.12-venv; or: pyenv install 3.13) or set PYTHON"
    fi
}

check_space() {
    local need_gb=$space_full_gb there_kb=0 free_kb place=$venv
    [[ -d $venv ]] && there_kb=$(du -sk -- "$venv" 2>/dev/null | awk '{ print $1 }')
    need_gb=$((need_gb - ${there_kb:-0} / 1024 / 1024))
    ((need_gb >= space_repair_gb)) || need_gb=$space_repair_gb
    free_kb=$(df -Pk -- "$place" 2>/dev/null | awk 'NR == 2 { print $4 }') || return 0
    [[ $free_kb =~ ^[0-9]+$ ]] || return 0
    ((free_kb >= need_gb * 1024 * 1024)) || fail "$place has $((free_kb / 1024 / 1024)) GB free and about" \
        "$need_gb GB are needed; free some, or name another disk by URGENT26_VENV=/other/disk/venv"
}

# Leaves a usable environment of the wanted version. Removes only what an earlier call of this script made:
# its mark `.checkout` is written before anything else.
prepare_folder() {
    local python=$1 version=$2 info mark=$venv/.checkout usable=false
    if [[ $(version_of "$venv/bin/python") == "$version" ]] &&
        "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        usable=true
    fi
    if [[ ! -f $mark && -n $(find "$venv" -mindepth 1 -print -quit 2>/dev/null) ]]; then
        [[ -f $venv/pyvenv.cfg && $usable == true ]] ||
            fail "$venv exists and is no virtual environment of Python $version;" \
                "move it away or set URGENT26_VENV"
        printf 'checkout %s\n' "$root" >"$mark"
    fi
    if [[ $usable == true ]] && grep -qsxF "checkout $root" "$mark"; then
        # pip takes a package for installed as soon as its metadata lie there, even when it was
        # killed while copying; it writes INSTALLER and RECORD last.
        for info in "$venv"/lib/python3.*/site-packages/*.dist-info; do
            [[ -f $info/INSTALLER && -f $info/RECORD ]] || rm -rf -- "$info"
        done
        return 0
    fi
    if [[ -n ${PYTHON:-} && -f $stamp ]] && grep -qxF "checkout $root" "$stamp" &&
        [[ -x $venv/bin/python ]] && ! grep -qxF "python $version" "$stamp"; then
        fail "$venv was made with another Python than $PYTHON ($version);" \
            "remove it, unset PYTHON, or set URGENT26_VENV to another folder"
    fi
    # The folder itself stays: it is the lock.
    find "$venv" -mindepth 1 -delete
    printf 'checkout %s\n' "$root" >"$mark"
    "$python" -m venv "$venv" >"$log" 2>&1 || explain "$log"
}

# Says in one line why pip failed, judged from its log.
explain() {
    local text=$1 again='run the same command again' compiler='(gcc|g\+\+|cc|c\+\+|clang)'
    seen() { grep -qE -- "$1" "$text"; }
    if seen 'No space left on device|Errno 28|Disk quota exceeded|Errno 122'; then
        fail "no space left while installing (in $venv, ${TMPDIR:-/tmp} or pip's cache); free about" \
            "$space_full_gb GB and $again, or set URGENT26_VENV and TMPDIR to another disk"
    elif seen "(unable to execute|No such file or directory:|command) '[^']*$compiler'" ||
        seen 'Python\.h: No such file'; then
        fail "a package has to be compiled and that failed; install a C and C++ compiler and Python's" \
            "headers (Debian, Ubuntu: apt install build-essential python3-dev) and $again; log: $text"
    elif seen 'NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError' ||
        seen 'Max retries|Network is unreachable|name resolution|Connection (refused|reset|broken)'; then
        fail "cannot reach the package index; check the network (and proxy or PIP_INDEX_URL) and" \
            "$again; log: $text"
    elif seen 'Permission denied|Errno 13'; then
        fail "no permission to write in $venv or pip's cache; change the rights or set URGENT26_VENV;" \
            "log: $text"
    elif seen 'No matching distribution|ResolutionImpossible'; then
        fail "the package index offers no fitting version" \
            "($(grep -oE 'No matching distribution found for [^ ]+|ResolutionImpossible' "$text" |
                tail -n 1)); try another interpreter by PYTHON=python3.12; log: $text"
    fi
    fail "the installation failed; read $text and $again"
}

make_environment() {
    local python version made_from began=$SECONDS
    python=$(choose_python)
    version=$(version_of "$python")
    check_space
    prepare_folder "$python" "$version"
    rm -f -- "$stamp"
    made_from=$(recipe)  # as pip finds it, should setup.py change meanwhile
    printf 'set-up: installing into %s with Python %s: about 6.6 GB, 4 to 10 minutes, once\n' \
        "$venv" "$version"
    # pip's own messages about failures go to the log alone: the user reads one line instead.
    : >"$log"
    if ! (cd -- "$root" && PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUTF8=1 "$venv/bin/python" -m pip install \
        --progress-bar on --retries 3 --log "$log" -e ".[$extras]" 2>>"$log.errors"); then
        cat -- "$log.errors" >>"$log"
        explain "$log"
    fi
    rm -f -- "$log.errors"
    printf '%s\npython %s\nasked %s\n' "$made_from" "$version" "${PYTHON:-}" >"$stamp.partial"
    mv -f -- "$stamp.partial" "$stamp"
    printf 'set-up: finished in %d s\n' $((SECONDS - began))
}

if [[ ${1:-} == --has-python ]]; then
    choose_python >/dev/null 2>&1
    exit
fi
finished && exit 0
trap 'printf "\nset-up: interrupted; the same command continues\n" >&2; exit 130' INT
mkdir -p -- "$venv" 2>/dev/null || fail "cannot create $venv; set URGENT26_VENV to another folder"
trap 'rmdir -- "$venv" 2>/dev/null || true' EXIT
if type -P flock >/dev/null; then
    # The environment's folder serves as the lock: nothing is left behind.
    exec 9<"$venv"
    if ! flock -n 9; then
        printf 'set-up: another installation is running; waiting for it\n'
        flock 9
    fi
    finished && exit 0
fi
make_environment
