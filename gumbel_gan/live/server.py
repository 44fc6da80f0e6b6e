"""The local server of the page: this machine only, and only for who knows the token in its address."""

import logging
import secrets
import socket
from collections.abc import Callable
from urllib.parse import urlencode

import psutil
from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document
from bokeh.server.server import Server
from tornado.ioloop import PeriodicCallback

from .controls import Controls
from .page import IDLE, Page

HOST = "127.0.0.1"
CLOSED = 1_000
"""Milliseconds after which the game of a page that was closed is ended."""


def serve(
    port: int,
    controls: Controls,
    opened: Callable[[str, Callable[[], None]], None],
    idle: float = IDLE,
    parent: int | None = None,
) -> None:
    """Serve the page until told to stop.

    The token is a part of every path, that of the web socket, too: without it nothing is found. Bokeh refuses
    a web socket from another origin.

    Args:
        port: to listen at; 0 takes a free one.
        controls: of a page whose address has no settings.
        opened: is told the address when it can be opened, and what stops the server, from any thread.
        idle: seconds after which a page that nobody touches pauses.
        parent: number of a process with which the server ends.

    Raises:
        OSError: the port cannot be had.
    """
    listening = socket.create_server((HOST, port))  # found out before Bokeh begins
    port = listening.getsockname()[1]
    listening.close()
    token = secrets.token_urlsafe(24)

    def make(document: Document) -> None:
        asked, problem = controls, ""
        arguments = document.session_context.request.arguments
        if query := urlencode([(name, value) for name, values in arguments.items() for value in values]):
            try:
                asked = Controls.from_query(query)
            except ValueError as error:
                problem = str(error)
        Page(document, asked, idle, problem)

    logging.getLogger("bokeh").setLevel(logging.ERROR)  # it warns of every page that is closed
    server = Server(
        {"/": Application(FunctionHandler(make))},
        address=HOST,
        port=port,
        prefix=f"/{token}",
        allow_websocket_origin=[f"{HOST}:{port}", f"localhost:{port}"],
        unused_session_lifetime_milliseconds=CLOSED,
        check_unused_sessions_milliseconds=CLOSED // 2,
        keep_alive_milliseconds=10_000,
    )
    server.start()
    loop = server.io_loop

    def stop() -> None:
        loop.add_callback(loop.stop)

    def look() -> None:
        if parent is not None and not psutil.pid_exists(parent):
            loop.stop()

    looking = PeriodicCallback(look, CLOSED)
    looking.start()
    opened(f"http://{HOST}:{port}/{token}/", stop)
    loop.start()
    looking.stop()
    server.stop()
