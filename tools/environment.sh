#!/bin/sh
# Make the checkout's own environment (.venv), or refresh it when a lock file changed.
#
#   tools/environment.sh run    what the product needs
#   tools/environment.sh dev    that, and what tests and checks need
#
# With uv: uv sync --locked. Without: python -m venv and pip with hash-locked requirements. Either way the same locked
# versions and this checkout installed so that its files are used as they are. $PYTHON names the interpreter to use.
set -eu
cd "$(dirname "$0")/.."

level=${1:?"run or dev"}
say() { printf 'environment: %s\n' "$*" >&2; }

lock_digest() { cat uv.lock pyproject.toml requirements/*.txt tools/wheel.py tools/launcher.py tools/environment.sh | cksum; }

is_current() {
    for made in .venv/.made-dev ".venv/.made-$level"; do
        [ -x .venv/bin/yumen ] && [ -f "$made" ] && [ "$(cat "$made")" = "$digest" ] && return 0
    done
    return 1
}

with_uv() {
    case $level in
        dev) UV_PROJECT_ENVIRONMENT=.venv uv sync --locked --quiet --group dev --group build ;;
        run) UV_PROJECT_ENVIRONMENT=.venv uv sync --locked --quiet --inexact --no-default-groups ;;
    esac
}

find_python() {
    # Each candidate is run: a name on the path may be too old, or a shim for a version that is not there.
    without_venv=""
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return 0
        fi
        without_venv=$candidate
    done
    if [ -n "$without_venv" ]; then
        say "$without_venv has no venv module. On Debian or Ubuntu: apt-get install python3-venv. Or install uv."
    else
        say "no Python 3.11 or newer was found. Install one (Debian 12: apt-get install python3 python3-venv), or uv, or set PYTHON."
    fi
    return 1
}

with_pip() {
    if ! .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$(find_python) || exit 1
        "$python" -m venv --clear .venv
    fi
    pip=".venv/bin/python -m pip --disable-pip-version-check install --quiet"
    # The lock is whole, so pip has nothing to resolve: asked to, it may refuse `name[extra]` once a newer version is out.
    $pip --no-deps --require-hashes -r "requirements/$level.txt"
    $pip --no-deps --no-build-isolation --editable .
}

digest=$(lock_digest)
is_current && exit 0
say "installing the locked versions into .venv (once; again only when the lock changes)"
if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
    with_uv || { say "uv could not; trying venv and pip"; with_pip; }
else
    with_pip
fi
printf '%s\n' "$digest" > ".venv/.made-$level"
