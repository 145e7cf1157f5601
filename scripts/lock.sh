#!/bin/sh
# Makes requirements.txt, hash-pinned, from pyproject.toml; run by `make lock`.
# Usage: sh scripts/lock.sh PATH-OF-UV [--upgrade]
set -eu
cd "$(dirname "$0")/.."
uv=$1
shift

"$uv" pip compile pyproject.toml --extra app --extra cluster --extra synthesis --group pinned --group dev \
    --universal --python-version 3.11 --generate-hashes --annotation-style line \
    --no-header --no-emit-index-url --no-emit-find-links --quiet "$@" \
    --output-file requirements.txt

# Every line repeats the condition of [tool.uv] environments; scripts/install.sh checks it once.
{
    echo "# Made by 'make lock' from pyproject.toml; edit that."
    sed -e "s/ ; python_full_version < '3.13' and ((.*) or (.*)) / /" \
        -e "s/ ; python_full_version < '3.13' and platform_machine == '[a-z0-9_]*' and / ; /" \
        -e '/^# Made by/d' requirements.txt
} > requirements.txt.partial
mv requirements.txt.partial requirements.txt
