"""A small provider of OpenID Connect on loopback, which checks what it is asked. Tests and browsers log in at it."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

SECRET = "the secret of the client"


@dataclass
class School:
    """A provider, which leads browsers back to `back`. Its tokens have `changes`; None takes a claim away."""

    issuer: str = ""
    back: str = "http://localhost/login/oidc/return"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    changes: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    grants: dict[str, dict[str, str]] = field(default_factory=dict)
    status: int = 200

    def description(self) -> dict[str, Any]:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {
            "issuer": self.issuer,
            **{name: f"{self.issuer}/{path}" for name, path in places.items()},
            **self.described,
        }

    def grant(self, address: str) -> str:
        """Somebody logs in at the address to which a browser was led: gives the query with which it is led back."""
        asked = {name: value for name, (value,) in parse_qs(urlsplit(address).query, strict_parsing=True).items()}
        assert asked["response_type"] == "code"
        assert asked["redirect_uri"] == self.back
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.grants)}"
        self.grants[code] = asked
        return f"code={code}&state={asked['state']}"

    def token(self, body: dict[str, str]) -> dict[str, Any] | None:
        asked = self.grants.pop(body.get("code", ""), None)  # a code is valid once
        challenge = base64.urlsafe_b64encode(sha256(body["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if asked is None or challenge != asked["code_challenge"] or body["client_secret"] != SECRET:
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "4711",
            "aud": "omrclip",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": "ann@school.example",
            "email_verified": True,
            "groups": ["teachers"],
            **self.changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return {"access_token": "x", "token_type": "Bearer", "id_token": self.signed(claims)}

    def signed(self, claims: dict[str, Any]) -> str:
        return str(jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key))


_PAGE = """<!doctype html>
<html lang="en"><title>The school</title><link rel="icon" href="data:,">
<form method="post" action="{}"><button>Sign in as Ann</button></form></html>
"""


@contextmanager
def serving(school: School) -> Iterator[School]:
    """Serve a provider. Its issuer is then its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/authorize"):
                self.show(_PAGE.format(escape(self.path)))
                return
            keys = {"keys": [school.key.as_dict(private=False)]}
            self.reply(keys if self.path == "/keys" else school.description())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path.startswith("/authorize"):
                self.send_response(303)
                self.send_header("Location", f"{school.back}?{school.grant(self.path)}")
                self.end_headers()
                return
            self.reply(school.token({name: value for name, (value,) in parse_qs(body).items()}))

        def show(self, page: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def reply(self, document: Any) -> None:
            self.send_response(400 if document is None else school.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        school.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield school
        finally:
            server.shutdown()
            thread.join()
