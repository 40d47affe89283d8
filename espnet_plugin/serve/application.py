"""The pages and the addresses behind them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

import espnet_plugin.report
from espnet_plugin.errors import UserError
from espnet_plugin.serve.comparison import PICTURES, SOUND
from espnet_plugin.serve.options import checked_options
from espnet_plugin.serve.queue import DONE, FAILED, WAITING, WORKING, Queue, QueueFull, Ticket
from espnet_plugin.serve.task import UPLOAD
from espnet_plugin.serve.upload import TooLarge, receive_upload
from espnet_plugin.serve.worker import Description

PAGES = Path(__file__).parent / "pages"
#: Players and pictures look and work as in the listening report.
SHARED = Path(espnet_plugin.report.__file__).parent / "templates"
STYLES = (SHARED / "page.css", PAGES / "serve.css")
SCRIPTS = (
    *(SHARED / name for name in ("elements.js", "transport.js", "panel.js")),
    *(PAGES / name for name in ("comparison.js", "recorder.js", "job.js", "page.js")),
)
FILES = {"sound": (SOUND, "audio/wav"), **{name: (name, "image/webp") for name in PICTURES}}
SWEEP_S = 15.0
LOOK_S = 0.1
LONGEST_LABEL = 120


class Application:
    """The web application.

    Args:
        queue: where uploads go.
        description: of the model.
    """

    def __init__(self, queue: Queue, description: Description):
        self._queue = queue
        self._description = description

    def build(self) -> Starlette:
        """The application for a web server."""
        application = Starlette(
            routes=[
                Route("/", self._page),
                *(
                    Route(f"/{name}", self._static)
                    for name in ("page.css", "page.js", "capture.js", "icon.svg")
                ),
                Route("/jobs", self._submit, methods=["POST"]),
                Route("/jobs/{key}", self._state),
                Route("/jobs/{key}", self._drop, methods=["DELETE"]),
                Route("/jobs/{key}/result", self._result),
                Route("/jobs/{key}/{file}", self._file),
                Route("/enhance", self._enhance, methods=["POST", "PUT"]),
            ],
            exception_handlers={UserError: _refusal, HTTPException: _http_error, ClientDisconnect: _nobody},
            lifespan=self._life,
        )
        application.router.redirect_slashes = False
        return application

    @asynccontextmanager
    async def _life(self, _application: Starlette) -> AsyncIterator[None]:
        async def sweep() -> None:
            while True:
                await asyncio.sleep(SWEEP_S)
                self._queue.sweep()

        sweeping = asyncio.create_task(sweep())
        yield
        sweeping.cancel()

    def _page(self, _request: Request) -> Response:
        limits = self._queue.limits
        about = {
            "model": self._description.model,
            "device": self._description.device,
            "options": [asdict(option) for option in self._description.options],
            "limit_bytes": limits.upload_bytes,
            "limit_s": limits.recording_s,
            "keep_s": limits.keep_s,
        }
        text = json.dumps(about).replace("<", "\\u003c")
        return HTMLResponse((PAGES / "page.html").read_text(encoding="utf-8").replace("{{ content }}", text))

    def _static(self, request: Request) -> Response:
        name = request.url.path.removeprefix("/")
        if name == "page.js":
            parts = (path.read_text(encoding="utf-8") for path in SCRIPTS)
            return Response(
                '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n", media_type="text/javascript"
            )
        if name == "page.css":
            text = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
            return Response(text, media_type="text/css")
        return FileResponse(PAGES / name)

    async def _submit(self, request: Request) -> Response:
        ticket = await self._receive(request)
        return JSONResponse({"key": ticket.key}, 201)

    async def _state(self, request: Request) -> Response:
        return JSONResponse(self._describe(self._find(request)))

    async def _drop(self, request: Request) -> Response:
        self._queue.drop(self._find(request))
        return Response(status_code=204)

    async def _result(self, request: Request) -> Response:
        return _download(self._finished(request))

    async def _file(self, request: Request) -> Response:
        ticket = self._finished(request)
        name, media_type = FILES.get(request.path_params["file"]) or _missing()
        return FileResponse(ticket.task.folder / name, media_type=media_type)

    async def _enhance(self, request: Request) -> Response:
        """Upload, wait and download in one."""
        ticket = await self._receive(request)
        try:
            while ticket.ended_s is None:
                if await request.is_disconnected():
                    raise ClientDisconnect
                await asyncio.sleep(LOOK_S)
            if ticket.state == FAILED:
                raise UserError(ticket.reason)
        except BaseException:
            self._queue.drop(ticket)
            raise
        return _download(ticket, BackgroundTask(self._queue.drop, ticket))

    async def _receive(self, request: Request) -> Ticket:
        """A ticket for the upload of a request; nothing is left of an upload that fails."""
        wanted = dict(request.query_params)
        label = _label(wanted.pop("name", ""))
        ticket = self._queue.admit(label, checked_options(self._description.options, wanted))
        try:
            await receive_upload(request, ticket.task.folder / UPLOAD, self._queue.limits.upload_bytes)
        except OSError as error:
            self._queue.drop(ticket)
            raise HTTPException(507, f"the server cannot store the file: {error.strerror}") from error
        except BaseException:
            self._queue.drop(ticket)
            raise
        self._queue.submit(ticket)
        return ticket

    def _find(self, request: Request) -> Ticket:
        return self._queue.find(request.path_params["key"]) or _missing()

    def _finished(self, request: Request) -> Ticket:
        ticket = self._find(request)
        return ticket if ticket.state == DONE else _missing()

    def _describe(self, ticket: Ticket) -> dict:
        """A ticket for the page."""
        now_s = self._queue.clock()
        about = {"state": ticket.state, "label": ticket.task.label}
        if ticket.state == WAITING:
            about["ahead"] = self._queue.ahead(ticket)
        elif ticket.state == WORKING:
            about |= {"done_s": ticket.done_s, "audio_s": ticket.audio_s, "elapsed_s": now_s - ticket.began_s}
        elif ticket.state == FAILED:
            about["reason"] = ticket.reason
        elif ticket.state == DONE:
            result = ticket.result
            about |= {
                "elapsed_s": ticket.ended_s - ticket.began_s,
                "left_s": self._queue.limits.keep_s - (now_s - ticket.ended_s),
                "options": ticket.task.options,
                "channels": result.channels,
                "clipped": result.clipped,
                "level_change_db": result.level_change_db,
                "download": _download_name(ticket),
                **asdict(result.comparison),
            }
        return about


def _label(name: str) -> str:
    """A visitor's name for a recording, as one short line without folders."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return (
        "".join(character for character in last if character.isprintable())[:LONGEST_LABEL].strip()
        or "recording"
    )


def _download_name(ticket: Ticket) -> str:
    stem = Path(ticket.task.label).stem or "recording"
    return f"{stem}_enhanced{ticket.result.path.suffix}"


def _download(ticket: Ticket, after: BackgroundTask | None = None) -> Response:
    return FileResponse(ticket.result.path, filename=_download_name(ticket), background=after)


def _missing():
    raise HTTPException(404, "there is no such recording, or it was deleted meanwhile")


async def _refusal(_request: Request, error: UserError) -> Response:
    status = {TooLarge: 413, QueueFull: 503}.get(type(error), 422)
    return PlainTextResponse(f"{error}\n", status)


async def _http_error(_request: Request, error: HTTPException) -> Response:
    return PlainTextResponse(f"{error.detail}\n", error.status_code, headers=error.headers)


async def _nobody(_request: Request, _error: ClientDisconnect) -> Response:
    return Response(status_code=400)  # which nobody reads
