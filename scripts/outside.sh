#!/bin/sh
# The programs of others that tests/outside opens our files with, in .outside: the Khronos
# validator and three.js (npm, node 18 or newer), and Blender as a Python module (400 MB). The tests
# take chromium or chrome, and Xvfb and xdotool, where they are; as root on Debian they are installed.
set -eu

VALIDATOR=2.0.0-dev.3.10
THREE=0.187.0
PLAYWRIGHT=1.65.1
BLENDER=5.0.1 # its module needs Python 3.11

if ! command -v npm > /dev/null; then
    echo "error: npm was not found. Node.js 18 or newer was expected. Install it and try again." >&2
    exit 1
fi
if ! command -v chromium > /dev/null && ! command -v chromium-browser > /dev/null &&
    ! command -v google-chrome > /dev/null &&
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "Installing chromium (Debian's package)."
    apt-get -q -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -q install -y \
        --no-install-recommends chromium > /dev/null
fi
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null &&
    { ! command -v Xvfb > /dev/null || ! command -v xdotool > /dev/null; }; then
    echo "Installing Xvfb and xdotool, which the tests open windows with (Debian's packages)."
    apt-get -q -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -q install -y \
        --no-install-recommends xvfb xdotool > /dev/null
fi
mkdir -p .outside
echo '{"private": true}' > .outside/package.json
npm install --prefix .outside --no-audit --no-fund --ignore-scripts --silent \
    "gltf-validator@$VALIDATOR" "three@$THREE" "playwright-core@$PLAYWRIGHT"

python=${PYTHON:-python3.11}
if ! "$python" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 11))' 2> /dev/null; then
    echo "error: $python is not Python 3.11. Blender's module needs it. Name one: make outside" \
        "PYTHON=/path/to/python3.11. Without it, all tests but Blender's run." >&2
    exit 1
fi
"$python" -m venv .outside/blender
.outside/blender/bin/pip install --quiet "bpy==$BLENDER"
