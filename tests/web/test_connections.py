"""What only a real server shows: connections that are kept, and bodies without a stated length."""

from collections.abc import Iterator

import pytest

from tests.serving import Server, new_session, running


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
