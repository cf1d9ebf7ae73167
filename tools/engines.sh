#!/bin/sh
# Print the path of a Python that has DuckDB, Polars and Spark, for every checkout; what .venv has is put on its path by
# whoever starts it (tests/engines.py).
#
#   tools/engines.sh          one that was made before
#   tools/engines.sh --any    the same, else made now: 460 MB, locked by hash, outside the checkout
#
# Spark needs Java 17 or newer. Without it, or without the environment: one line on stderr, exit 1.
set -eu
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/yumen/engines
digest=$(cksum requirements/engines.txt | cut -d' ' -f1)
say() { printf 'engines: %s\n' "$*" >&2; }

has_java() { java -version 2>&1 | grep -Eq 'version "(1[7-9]|[2-9][0-9])'; }

has_java || { say "no Java 17 or newer: tests that need Spark are skipped. Debian: apt-get install default-jre-headless"; exit 1; }
if [ -x "$cache/bin/python" ] && [ "$(cat "$cache/made" 2>/dev/null)" = "$digest" ]; then echo "$cache/bin/python"; exit 0; fi
if [ "${1:-}" != --any ]; then
    say "not installed: tests that need them are skipped. To install them: tools/engines.sh --any"
    exit 1
fi
say "installing DuckDB, Polars and Spark, once"
.venv/bin/python -m venv --clear "$cache"
"$cache/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r requirements/engines.txt >&2
printf '%s' "$digest" > "$cache/made"
echo "$cache/bin/python"
