#!/bin/sh
# Installs everything into .venv in this checkout; run by `make install`.
# PYTHON names the Python to use; without it, the first 3.12 or 3.11 found.
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

case "$(uname -sm)" in
    "Linux x86_64" | "Darwin arm64") ;;
    *) fail "This machine is $(uname -sm). The pinned packages exist for Linux on x86-64 and macOS
on Apple silicon. Use one of these, or a container of linux/amd64." ;;
esac

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

supported() {
    case "$(version_of "$1")" in 3.11 | 3.12) true ;; *) false ;; esac
}

can_make_environments() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# An environment holds absolute paths: one that was moved or copied here is made anew, and so is one
# that was left half made.
here=$(pwd -P)
[ "$(cat .venv/installed 2>/dev/null || echo "$here")" = "$here" ] || rm -rf .venv
.venv/bin/python -m pip --version >/dev/null 2>&1 || rm -rf .venv

# --- Python: PYTHON, else the environment that is there, else the first that will do -------------
if [ -n "${PYTHON:-}" ]; then
    supported "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or 3.12 ($(
        version_of "$PYTHON" || echo 'it does not run')). Name one that is, or leave PYTHON out."
    python=$PYTHON
    [ "$(version_of .venv/bin/python)" = "$(version_of "$python")" ] || rm -rf .venv
elif supported .venv/bin/python; then
    python=.venv/bin/python
else
    python=
    for candidate in python3.12 python3.11 python3; do
        supported "$candidate" || continue
        [ -n "$python" ] || python=$candidate
        if can_make_environments "$candidate"; then
            python=$candidate
            break
        fi
    done
    [ -n "$python" ] || fail "No Python 3.11 or 3.12 was found (python3 is $(
        version_of python3 || echo missing)). Install one, on Debian 12 with
'apt-get install python3 python3-venv', or name one: make install PYTHON=/path/to/python3.12"
    rm -rf .venv
fi

# --- System packages: what the wheels do not bring ----------------------------------------------
missing=
if [ "$(uname -s)" = Linux ]; then
    # cv2 links libGL and glib, its windows the X libraries; moderngl loads libEGL and libGL.
    for library in libGL.so.1 libEGL.so.1 libgthread-2.0.so.0 libSM.so.6 libXext.so.6; do
        "$python" -c "import ctypes; ctypes.CDLL('$library')" 2>/dev/null ||
            missing="libgl1 libegl1 libgl1-mesa-dri libglib2.0-0 libsm6 libxext6"
    done
fi
[ -d .venv ] || can_make_environments "$python" ||
    missing="$missing python$(version_of "$python")-venv"

if [ -n "$missing" ]; then
    command="apt-get install -y --no-install-recommends $(echo $missing)"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing system packages: $(echo $missing)"
        log=$(mktemp)
        { apt-get update && DEBIAN_FRONTEND=noninteractive $command; } >"$log" 2>&1 || {
            cat "$log" >&2
            fail "Installing system packages failed, see above. Run 'apt-get update && $command'
by hand, then this again."
        }
        rm -f "$log"
    elif command -v apt-get >/dev/null; then
        fail "System packages are missing. Install them, then run this again:

    sudo apt-get update && sudo $command"
    else
        fail "System libraries are missing. Debian calls them: $(echo $missing)
Install them with this system's own package manager, then run this again."
    fi
fi

# --- Python packages ----------------------------------------------------------------------------
[ -x .venv/bin/python ] || {
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv .venv
}
[ -t 1 ] && quiet= || quiet=--quiet # someone who watches sees the downloads go by
install() {
    .venv/bin/python -m pip install $quiet --disable-pip-version-check --no-input --no-deps "$@" ||
        fail "Installing Python packages failed, see above. The package index must be reachable, or
a folder with the wheels named in PIP_FIND_LINKS. Then run this again."
}

echo "Installing the packages of requirements.txt into .venv (about a minute, 3.0 GB on disk)"
# face_recognition_models comes as source; building it without isolation keeps to the pinned set.
awk '/^[^ #]/ { keep = /^(setuptools|wheel)==/ } keep' requirements.txt >.venv/build-requirements.txt
install --require-hashes -r .venv/build-requirements.txt
install --require-hashes --no-build-isolation -r requirements.txt
install --no-build-isolation --editable .
echo "$here" >.venv/installed
