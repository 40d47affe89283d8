"""A small stand-in of the Hugging Face hub: repositories in memory behind a real HTTP server."""

import base64
import contextlib
import hashlib
import http.server
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field

TOKEN = "hf_never_printed"
#: Larger files go the way of large files.
LFS_BYTES = 2000


@dataclass
class Repository:
    """Attributes: files (name -> content), titles (name -> that of its last commit), commits (all titles)."""

    private: bool = False
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b"*.pth filter=lfs\n"})
    titles: dict[str, str] = field(default_factory=lambda: {".gitattributes": "initial commit"})
    commits: list[str] = field(default_factory=lambda: ["initial commit"])

    @property
    def head(self) -> str:
        return hashlib.sha1("\n".join(self.commits).encode()).hexdigest()

    def put(self, title: str, files: dict[str, bytes]) -> None:
        """A commit."""
        self.files |= files
        self.titles |= dict.fromkeys(files, title)
        self.commits.append(title)


@dataclass
class Hub:
    """Attributes: repositories by name, large (sha256 -> content), calls ("METHOD path"), cut, refuse.

    ``cut`` is a pattern of calls that the server breaks off in the middle; ``refuse`` maps one to a status.
    """

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    cut: str = ""
    refuse: dict[str, int] = field(default_factory=dict)

    def sent(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if re.search(r"^PUT|/commit/|repos/create", call)]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._answer()

    do_POST = do_PUT = do_GET

    def _answer(self):
        hub, path = self.hub, urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        call = f"{self.command} {path}"
        hub.calls.append(call)
        length = int(self.headers.get("Content-Length") or 0)
        if hub.cut and re.search(hub.cut, call):
            self.rfile.read(length // 2)
            self.close_connection = True
            self.connection.close()
            return
        body = (
            self._chunks() if self.headers.get("Transfer-Encoding") == "chunked" else self.rfile.read(length)
        )
        for pattern, status in hub.refuse.items():
            if re.search(pattern, call):
                return self._send(status, {"error": "refused"})
        authorized = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if not authorized and (self.command != "GET" or "Authorization" in self.headers):
            reads = re.search(r"/paths-info/", path) and "Authorization" not in self.headers
            # The storage of large files has addresses of its own, without the token.
            if not reads and not path.startswith("/large/"):
                return self._send(401, {}, {"X-Error-Message": "Invalid credentials in Authorization header"})
        self._route(path, body, authorized)

    def _route(self, path: str, body: bytes, authorized: bool):
        hub = self.hub
        if path.startswith("/large/"):
            if hashlib.sha256(body).hexdigest() != path.rpartition("/")[2]:
                return self._send(400, {})
            hub.large[path.rpartition("/")[2]] = body
            return self._send(200, {})
        if path == "/api/validate-yaml":
            good = json.loads(body)["content"].startswith("---\n")
            return self._send(
                200 if good else 400, {"warnings": [], "errors": [{"message": "no front matter"}]}
            )
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            private = asked.get("private") is True or asked.get("visibility") == "private"
            exists = name in hub.repositories
            hub.repositories.setdefault(name, Repository(private))
            return self._send(409 if exists else 200, {"url": f"{hub.url}/{name}"})
        found = re.fullmatch(r"/(?:api/models/)?([\w.-]+/[\w.-]+?)(?:\.git)?(?:/(.*))?", path)
        repository = hub.repositories.get(found[1]) if found else None
        if repository is None or (repository.private and not authorized):
            return self._send(404, {}, {"X-Error-Code": "RepoNotFound"})
        what = found[2] or ""
        if not what:
            answer = {"id": found[1], "sha": repository.head, "private": repository.private}
            return self._send(200, answer | {"siblings": [], "tags": [], "downloads": 0, "likes": 0})
        if what.startswith("paths-info/"):
            paths = urllib.parse.parse_qs(body.decode())["paths"]
            return self._send(200, [_told(repository, path) for path in paths if path in repository.files])
        if what.startswith("preupload/"):
            return self._send(200, {"files": [_mode(repository, file) for file in json.loads(body)["files"]]})
        if what == "info/lfs/objects/batch":
            objects = [self._batch(one) for one in json.loads(body)["objects"]]
            return self._send(200, {"transfer": "basic", "objects": objects})
        if what.startswith("commit/"):
            return self._commit(found[1], [json.loads(line) for line in body.splitlines()])
        return self._send(404, {})

    def _batch(self, asked):
        if asked["oid"] in self.hub.large:
            return asked
        return asked | {"actions": {"upload": {"href": f"{self.hub.url}/large/{asked['oid']}"}}}

    def _commit(self, name: str, lines):
        repository, header = self.hub.repositories[name], lines[0]["value"]
        if header.get("parentCommit") not in (None, repository.head):
            return self._send(412, {"error": "the branch has moved"})
        files = {}
        for line in lines[1:]:
            value = line["value"]
            large = line["key"] == "lfsFile"
            files[value["path"]] = (
                self.hub.large[value["oid"]] if large else base64.b64decode(value["content"])
            )
        repository.put(header["summary"], files)
        answer = {
            "commitUrl": f"{self.hub.url}/{name}/commit/{repository.head}",
            "commitOid": repository.head,
        }
        return self._send(200, answer)

    def _chunks(self) -> bytes:
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _send(self, status: int, content, headers=None):
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _git_id(content: bytes) -> str:
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def _told(repository: Repository, path: str):
    content = repository.files[path]
    commit = {"id": repository.head, "title": repository.titles[path], "date": "2026-11-01T00:00:00.000Z"}
    told = {"type": "file", "path": path, "size": len(content), "oid": _git_id(content), "lastCommit": commit}
    if len(content) > LFS_BYTES:
        told["oid"] = "0" * 40  # of the pointer, by which nobody should compare
        told["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return told


def _mode(repository: Repository, file):
    mode = "lfs" if file["size"] > LFS_BYTES else "regular"
    return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}


@contextlib.contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub on a free port of this machine."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def used_hub(monkeypatch) -> Iterator[Hub]:
    """A running hub that huggingface_hub uses in this process, with its token and without waiting."""
    import time

    from huggingface_hub import constants

    with running_hub() as hub:
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # a protocol of its own
        monkeypatch.setattr(time, "sleep", lambda _: None)  # between the client's attempts
        yield hub
