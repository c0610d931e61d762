"""An S3 server on this machine, by moto."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec
import pytest
from moto.server import ThreadedMotoServer

# One request for each call: tests need not wait until botocore gives up.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "omrclip",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class S3:
    """A server that can be cut off. Its buckets stay."""

    def __init__(self) -> None:
        self.bucket = f"bucket-{secrets.token_hex(4)}"
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self._server.stop()

    def mend(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()


@contextmanager
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """A server with an empty bucket, to which fsspec connects in this process and in its children."""
    server = S3()
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": server.endpoint}.items():
        monkeypatch.setenv(name, value)
    try:
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir(server.bucket)
        yield server
    finally:
        server.cut()
        fsspec.get_filesystem_class("s3").clear_instance_cache()
