"""``yumen serve``: the service, in one process or several."""

from __future__ import annotations

import os
import socket
from typing import Annotated

import typer

from api import logs
from api.cli.command import application, command
from api.cli.faults import CommandError
from api.cli.language import both
from api.cli.lazy import INTERRUPTED
from api.cli.parts import run, settings_of
from api.cli.serving import prepare, serve
from api.cli.terminal import Terminal
from api.cli.workers import Supervisor
from api.settings import Settings, variable

APP = application()
Host = Annotated[
    str | None,
    typer.Option(
        help=both("Address to listen on (else the settings').", "监听地址（默认取自设置）。"), show_default=False
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        help=both("Port, 0 for any free one (else the settings').", "端口，0 表示任意空闲端口（默认取自设置）。"),
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        help=both("How many processes serve (else the settings').", "服务进程数（默认取自设置）。"), show_default=False
    ),
]


@command(
    APP,
    "serve",
    text=both(
        "Start the service. In development the schema is updated first; in production an old one is refused.",
        "启动服务。开发模式下先更新数据库结构；生产模式下拒绝旧结构。",
    ),
    example="yumen serve --port 8642",
)
def run_serve(term: Terminal, *, host: Host = None, port: Port = None, workers: Workers = None) -> int:
    """Serve until SIGTERM or Ctrl-C; requests under way are answered first."""
    for name, value in (("host", host), ("port", port), ("workers", workers)):
        if value is not None:
            os.environ[variable(name)] = str(value)
    settings = settings_of(term)
    bound = bind(settings)
    logs.configure(settings.log, debug=settings.debug)
    run(prepare(settings))
    url = address(bound)
    if term.is_json:
        term.answer({"url": url, "mode": settings.mode, "workers": settings.workers}, str)
    else:
        term.note(
            f"Yumen at {url} ({settings.mode}); Ctrl-C stops it.",
            f"玉门已启动：{url}（{settings.mode}）；按 Ctrl-C 停止。",
        )
    with bound:
        interrupted = serve(settings, [bound]) if settings.workers == 1 else Supervisor(settings, [bound]).run()
    return INTERRUPTED if interrupted else 0


def bind(settings: Settings) -> socket.socket:
    """A socket on the settings' address. Raises: CommandError."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(place)
    except OSError as error:
        raise CommandError(f"{settings.host}:{settings.port:d}: {error.strerror}") from error
    bound.set_inheritable(True)
    return bound


def address(bound: socket.socket) -> str:
    """The URL of a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
