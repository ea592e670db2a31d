"""Registries on loopback: an RDAP server that answers as the real ones do, well and badly, and a resolver.

What an address gets is decided by its last part: 404 unknown, 429 busy once or for long, garbage, huge, slow, 302.
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dns.message
import dns.rrset

CHANGED = "2026-05-04T10:00:00Z"


def network(ip: str) -> dict[str, Any]:
    """An answer in the shape of a regional registry's: the abuse contact is an entity of the registrant."""
    base = ip.rpartition(".")[0]
    abuse = {
        "objectClassName": "entity", "handle": "AB-1", "roles": ["abuse"],
        "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Abuse desk"],
                                 ["email", {}, "text", "abuse@example.net"]]],
    }  # fmt: skip
    holder = {
        "objectClassName": "entity", "handle": "ORG-1", "roles": ["registrant"], "entities": [abuse],
        "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Example Hosting\x1b[31m Ltd"]]],
    }  # fmt: skip
    return {
        "objectClassName": "ip network", "handle": f"NET-{base}",
        "startAddress": f"{base}.0", "endAddress": f"{base}.255",
        "ipVersion": "v4", "name": "EXAMPLE-NET", "type": "ALLOCATED PA", "country": "NL", "status": ["active"],
        "cidr0_cidrs": [{"v4prefix": f"{base}.0", "length": 24}], "entities": [holder],
        "events": [{"eventAction": "registration", "eventDate": "2014-03-01T00:00:00Z"},
                   {"eventAction": "last changed", "eventDate": CHANGED}],
        "links": [], "notices": [{"title": "Terms and Conditions", "description": ["…"], "links": []}],
        "rdapConformance": ["rdap_level_0"],
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    server: Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        ip = self.path.rpartition("/")[2]
        with self.server.lock:
            self.server.asked.append(self.path)
            times = sum(path.endswith(f"/registry/ip/{ip}") for path in self.server.asked)
        if "/bootstrap/" in self.path or self.path.startswith("http"):
            return self._send(302, b"", {"Location": f"{self.server.url}/registry/ip/{ip}"})
        match int(ip.rpartition(".")[2]):
            case 44:
                return self._send(404, b'{"errorCode": 404, "title": "Not Found"}')
            case 29 if times == 1:
                return self._send(429, b"", {"Retry-After": "1"})
            case 30:
                return self._send(429, b"", {"Retry-After": "3600"})
            case 31:
                return self._send(200, b"<html>maintenance</html>")
            case 32:
                return self._send(200, b'{"a": "' + b"x" * (3 << 20) + b'"}')
            case 33:
                time.sleep(3)
            case 34:
                return self._send(500, b"")
            case 35:
                return self._send(302, b"", {"Location": "file:///etc/passwd"})
        return self._send(200, json.dumps(network(ip)).encode())

    def _send(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        try:
            self.send_response(code)
            for name, value in {"Content-Type": "application/rdap+json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # the client had enough


class Registry(ThreadingHTTPServer):
    """An RDAP server; `asked` holds the paths of all requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Names(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, sock = self.request
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question)
        name = question.question[0].name
        text = name.to_text()
        if text.startswith("44."):
            answer.set_rcode(3)
        elif "origin" in text:
            answer.answer.append(
                dns.rrset.from_text(name, 60, "IN", "TXT", '"64500 | 5.6.7.0/24 | NL | ripencc | 2014-03-01"')
            )
        elif text.startswith("AS"):
            answer.answer.append(
                dns.rrset.from_text(name, 60, "IN", "TXT", '"64500 | NL | ripencc | 2014-03-01 | EXAMPLE-AS, NL"')
            )
        else:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "PTR", f"host-{text.split('.')[0]}.Example.net."))
        sock.sendto(answer.to_wire(), self.client_address)


class Resolver(socketserver.ThreadingUDPServer):
    """A resolver that knows all names of one kind."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Names)
        self.place = f"127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    """Serve in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
