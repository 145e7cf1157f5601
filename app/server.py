"""Serves the page: on this computer alone, or with a password to others."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.gate import Application, Gate, is_loopback

if TYPE_CHECKING:
    import uvicorn

    from app.service import HeadService
    from app.services import Services, Settings

USER = "fpp"
"""Who logs in, where there is a password."""

MOST_FILE_BYTES = 20_000_000

_MOST_FILES = 20
_FIRST_PORT, _PORTS = 7860, 40


class AppError(Exception):
    """The page cannot be served. The message says what, why and what to do."""


@dataclass(frozen=True)
class AppPlan:
    """How the page is served.

    Attributes:
        host: the address to listen at; only with a password others than this computer's own.
        port: None for the first free one from 7860 on.
        password: of the user "fpp"; None for none.
        models: a folder of trained models; None for those of the program.
        rig: MakeHuman's data folder; None for FPP_RIG or the one fetched.
        encoder: the engine of the encodings.
        rendered: whether the pictures are of rendered heads.
        open_browser: whether the page is opened when it is there.

    Raises AppError for a host that others reach, without a password.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    password: str | None = None
    models: Path | None = None
    rig: Path | None = None
    encoder: str = "litert"
    rendered: bool = False
    open_browser: bool = True

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and not self.password:
            raise AppError(
                f"The page was to be open at {self.host} to everyone who reaches this computer. A "
                "password was expected for that. Set one with --password or FPP_APP_PASSWORD, or "
                "leave --host out."
            )


def run_app(plan: AppPlan) -> None:
    """Serves until Ctrl-C (KeyboardInterrupt).

    Raises:
        AppError: Gradio is not installed, or the port is taken.
        ModelError, RigError: the models or the rig cannot be used.
    """
    if plan.encoder == "litert":
        # On the first start on a computer this takes longest, in a process of its own.
        threading.Thread(target=_convert_encoder, daemon=True).start()
    with _own_temporary_folder(), _listen(plan) as listener:
        from app.services import Services, Settings

        first = Settings(plan.models, plan.rig)
        with Services(first, lambda settings: _load(settings, plan)) as services:
            server = _server(plan, services)
            failures: list[BaseException] = []

            def loaded(failure: BaseException | None) -> None:
                if failure is not None:
                    failures.append(failure)
                    server.should_exit = True

            services.when_loaded(loaded)
            if not failures:
                _announce(plan, listener)
                server.run(sockets=[listener])
            if failures:
                raise failures[0]


def _convert_encoder() -> None:
    from vision.encoder_cache import load_encoder
    from vision.encoder_network import EncoderError

    with suppress(EncoderError):  # told, or done without, by who needs it
        load_encoder()


def _load(settings: Settings, plan: AppPlan) -> HeadService:
    from app.service import HeadService

    return HeadService(settings.models, settings.rig, plan.encoder, plan.rendered)


def _server(plan: AppPlan, services: Services) -> uvicorn.Server:
    """Gradio's page behind the gate."""
    import uvicorn

    settings = uvicorn.Config(
        web_application(services, plan.host, plan.password),
        log_level="error",
        timeout_graceful_shutdown=1,  # pages that are open hold connections
    )
    return uvicorn.Server(settings)


def web_application(services: Services, host: str, password: str | None) -> Application:
    """The page as an ASGI application. Environment variables of quiet_gradio must be set."""
    import gradio as gr
    from fastapi import FastAPI
    from fastapi.responses import FileResponse

    from app.page import build_page
    from app.page_parts import PLOTLY_PATH
    from app.theme import page_head, page_style, page_theme

    local = is_loopback(host)
    outer = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @outer.get(PLOTLY_PATH)
    def plotly_script() -> FileResponse:
        return FileResponse(plotly_path(), headers={"cache-control": "max-age=86400"})

    gr.mount_gradio_app(
        outer,
        build_page(services, settings_allowed=local),
        path="/",
        auth=(USER, password) if password else None,
        auth_message=f"Log in as {USER} with the password of this page.",
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=MOST_FILE_BYTES,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=page_theme(),
        css=page_style(),
        head=page_head(),
    )
    return Gate(outer, local, _MOST_FILES * MOST_FILE_BYTES + 1_000_000)


def plotly_path() -> Path:
    """Plotly's script, which its package brings."""
    import plotly

    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def quiet_gradio(temporary: Path) -> None:
    """Sets what Gradio reads when it is imported: its folder for uploads, and no outside request.

    Raises AppError where it is not installed.
    """
    if importlib.util.find_spec("gradio") is None:
        raise AppError(
            "The page cannot be served: Gradio is not installed. `fpp app` expects it. Install it "
            "with: pip install 'face-parameters-predictor[app]'"
        )
    os.environ.update(
        {
            "GRADIO_TEMP_DIR": str(temporary),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_RUN_HISTORY": "False",
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
    )


@contextmanager
def _own_temporary_folder() -> Iterator[None]:
    """Uploads go to a folder that nobody else reads and that ends with the program."""
    with tempfile.TemporaryDirectory(prefix="fpp-app-", ignore_cleanup_errors=True) as folder:
        quiet_gradio(Path(folder))
        yield


def _listen(plan: AppPlan) -> socket.socket:
    """A socket that listens already: a browser may knock before the page is there."""
    ports = range(_FIRST_PORT, _FIRST_PORT + _PORTS) if plan.port is None else [plan.port]
    failure: OSError | None = None
    for port in ports:
        try:
            family, _, _, _, address = socket.getaddrinfo(
                plan.host.strip("[]"), port, type=socket.SOCK_STREAM
            )[0]
            listener = socket.socket(family)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(address)
                listener.listen(128)
            except OSError:
                listener.close()
                raise
            return listener
        except OSError as error:
            failure = error
    where = f"port {plan.port}" if plan.port is not None else f"ports {ports[0]} to {ports[-1]}"
    reason = failure.strerror if failure is not None else ""
    raise AppError(
        f"The page cannot be served at {plan.host}, {where} ({reason}). A free port and an address "
        "of this computer were expected. Give another --port, or end the program that has it."
    ) from failure


def _announce(plan: AppPlan, listener: socket.socket) -> None:
    """Says where the page is, and opens it."""
    port = listener.getsockname()[1]
    host = plan.host.strip("[]")
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    print(f"The page is at {address} (Ctrl-C ends it).", flush=True)
    if not is_loopback(plan.host):
        print(
            f"Log in as {USER}. Browsers give pages their camera only over https or on the "
            "computer itself.",
            file=sys.stderr,
        )
    if plan.open_browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
