"""What only a real server shows: connections that are kept, and bodies without a stated length."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.patience import PATIENCE
from tests.servers import Server, new_session, running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(max_body_bytes=2_000_000) as found:
        yield found


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [("/api/recognitions", "text/plain", 415), ("/api/nothing", "text/plain", 404), ("/health", "text/plain", 405)],
)
def test_a_refused_body_leaves_the_connection_to_the_next_request(
    server: Server, path: str, content_type: str, status: int
) -> None:
    session = new_session()
    for _ in range(12):
        refused = session.post(server.url + path, data=b"x" * 1_900_000, headers={"Content-Type": content_type})
        assert refused.status_code == status
        assert session.get(f"{server.url}/health").ok


def test_a_body_over_the_limit_is_refused_and_the_next_request_works(server: Server) -> None:
    session = new_session()
    for _ in range(12):
        refused = session.post(f"{server.url}/api/recognitions", data=b"x" * 3_000_000)
        assert (refused.status_code, refused.json()["error"]["details"]["limit"]) == (413, "max_body_bytes")
        assert session.get(f"{server.url}/health").ok


@pytest.mark.parametrize("kilobytes", [1_000, 3_000])
def test_a_body_of_unknown_length_is_bounded_and_never_cut_off(server: Server, kilobytes: int) -> None:
    chunks = (b" " * 1000 for _ in range(kilobytes))
    answer = new_session().post(
        f"{server.url}/api/recognitions", data=chunks, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        (400, "invalid_request") if kilobytes < 2_000 else (413, "limit_exceeded")
    )


POST = b"POST /api/validation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"


def exchange(server: Server, *sent: bytes) -> bytes:
    """All that the server answers until it closes the connection."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
        answer = b""
        with suppress(ConnectionError):
            for part in sent:
                client.sendall(part)
        with suppress(ConnectionError):
            while part := client.recv(65536):
                answer += part
        return answer


@pytest.mark.parametrize(
    "trailer", [b"Host: evil.example", b"X-Forwarded-Host: evil.example", b"Origin: http://evil.example"]
)
def test_trailers_are_no_headers(server: Server, trailer: bytes) -> None:
    answer = exchange(server, CHUNKED + trailer + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert b"evil" not in answer


@pytest.mark.parametrize(
    "endless",
    [
        [CHUNKED + b"X: ", *[b"a" * 10_000] * 100],
        [CHUNKED, *[b"X: a\r\n" * 1000] * 100],
        [POST + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1;a=b\r\n \r\n"[:3] + b"b" * 10_000] * 100],
    ],
    ids=["one trailer", "many trailers", "one chunk extension"],
)
def test_framing_without_end_is_cut_off(server: Server, endless: list[bytes]) -> None:
    answer = exchange(server, *endless)
    assert b"200 OK" not in answer
    assert new_session().get(f"{server.url}/health").ok


def test_bodies_in_chunks_of_one_byte_are_read(server: Server) -> None:
    body = b'{"Pages": ' + b" " * 50_000 + b"[]}"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    answer = exchange(server, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200"), answer[:300]


def test_many_pipelined_requests_are_answered(server: Server) -> None:
    asked = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    answer = exchange(server, (asked + b"\r\n") * 2000 + asked + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200") == 2001


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"http://localhost/health", b"200"),
        (b"http://LOCALHOST:80/health", b"200"),
        (b"http://evil.example/health", b"400"),
        (b"http://localhost:1/health", b"400"),
        (b"http://localhost@evil.example/health", b"400"),
    ],
)
def test_a_target_that_names_another_host_is_refused(server: Server, target: bytes, status: bytes) -> None:
    answer = exchange(server, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ")[1] == status, answer


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"identity", b"chunked, chunked", b"xchunked"])
def test_transfer_codings_that_are_not_undone_are_refused(server: Server, coding: bytes) -> None:
    sent = POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    assert exchange(server, sent).startswith(b"HTTP/1.1 400")
