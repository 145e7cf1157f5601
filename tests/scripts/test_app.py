"""`fpp app` as a user starts it: what it refuses, what it serves, how it ends."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_PATIENCE = 120.0


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "scripts.main", "app", "--no-browser", *map(str, arguments)]


def refused(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=_PATIENCE,
        env={**os.environ, **environment},
    )


@contextmanager
def served(folder: Path, *arguments: object, **environment: str) -> Iterator[str]:
    """The page's address; ended by Ctrl-C, after which nothing is left of it."""
    process = subprocess.Popen(
        command("--port", 0, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder), **environment},
        # So that Ctrl-C reaches it also where the shell in front ignores it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+/", line)
        assert found, line
        yield found[0].replace(
            "//" + (urllib.parse.urlsplit(found[0]).hostname or ""), "//127.0.0.1"
        )
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert list(folder.glob("fpp-app-*")) == []


def test_other_computers_need_a_password() -> None:
    done = refused("--host", "0.0.0.0", FPP_APP_PASSWORD="")
    assert done.returncode == 1
    assert "A password was expected" in done.stderr
    assert done.stdout == ""


def test_models_that_are_none_are_named(tmp_path: Path) -> None:
    done = refused("--port", 0, "--models", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_is_a_number() -> None:
    done = refused("--port", "abc")
    assert done.returncode == 2
    assert "'abc' is no port" in done.stderr


def test_the_page_names_nothing_outside_and_ends_by_control_c(tmp_path: Path) -> None:
    pytest.importorskip("gradio")
    with served(tmp_path) as address:
        with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
            page = answer.read().decode()
        loaded = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"(https?:)?//", page)
        assert loaded == []
        with urllib.request.urlopen(address + "theme.css", timeout=_PATIENCE) as answer:
            assert re.findall(r"url\((?!.?data:)[^)]*\)|@import", answer.read().decode()) == []
        with urllib.request.urlopen(address + "config", timeout=_PATIENCE) as answer:
            settings = json.load(answer)
        assert settings["analytics_enabled"] is False
        assert settings["run_history"] is False
        assert settings["max_file_size"] == 20_000_000
        assert settings["stylesheets"] == []
        assert [path for path in tmp_path.glob("fpp-app-*") if path.stat().st_mode & 0o077] == []
        request = urllib.request.Request(address, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=_PATIENCE)


def test_with_a_password_only_who_knows_it_gets_in(tmp_path: Path) -> None:
    pytest.importorskip("gradio")
    with served(tmp_path, "--host", "0.0.0.0", FPP_APP_PASSWORD="open sesame") as address:
        for path in ("config", "gradio_api/file=/etc/passwd"):
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(address + path, timeout=_PATIENCE)
        opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

        def log_in(password: str) -> None:
            form = urllib.parse.urlencode({"username": "fpp", "password": password})
            opener.open(address + "login", form.encode(), timeout=_PATIENCE).close()

        with pytest.raises(urllib.error.HTTPError, match="400"):
            log_in("wrong")
        log_in("open sesame")
        with opener.open(address + "config", timeout=_PATIENCE) as answer:
            page = answer.read().decode()
        assert "Models folder" not in page, "others may name folders of this computer"
