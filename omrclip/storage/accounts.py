"""Users, clients and their credentials, in one SQLite file.

A user is a person with a password. A client is a program with a secret. Both belong to a workspace, which is a separate
set of templates, images and stored recognitions, and have scopes, which say what they may do.

Passwords and secrets are hashed with Argon2id (RFC 9106). Sessions, access tokens and API keys are 256 random bits, and
the file contains only their SHA-256 hashes. So nobody can log in with the contents of the file.
"""

import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from omrclip.errors import (
    InvalidRequest,
    LoginFailed,
    NameConflict,
    NotFound,
    TooManyAttempts,
)
from omrclip.storage.databases import errors_told, transaction
from omrclip.storage.local_files import FILE_MODE, create_file

SESSION_SECONDS: Final = 12 * 3600
"""How long a person stays logged in: a working day."""
TOKEN_SECONDS: Final = 3600
"""How long the access token of a client is valid."""
REFRESH_SECONDS: Final = 24 * 3600
"""How long a client can get access tokens by a refresh token."""
REUSE_SECONDS: Final = 600
"""How long a process gives a client the same token again. Some clients ask for a token before every call, and the
tokens of an hour would otherwise be as many as these calls."""
FREE_ATTEMPTS: Final = 5
"""Failed log-ins of one account from one address, after which each further one must wait."""
FREE_ATTEMPTS_OF_ACCOUNT, FREE_ATTEMPTS_OF_SOURCE = 20, 50
"""The same for one account from all addresses, and for one address with all accounts. They are larger, because many
people may share an address, and so that nobody can lock another person out with a few attempts."""
LONGEST_WAIT_SECONDS: Final = 900
"""The longest wait after failed log-ins. A failure is forgotten after this time without another one."""
SHORTEST_PASSWORD: Final = 10
_PASSES, _KIBIBYTES, _LANES = 2, 19_456, 1
"""Argon2id with 19 MiB and two passes, as the OWASP Password Storage Cheat Sheet recommends for a server that answers
other requests at the same time. One hash takes about 30 ms."""
_AT_A_TIME: Final = 2
"""Passwords that are hashed at a time in one process, so that many log-ins take little memory and processor time."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}", re.ASCII)
_WORKSPACE = re.compile(r"(|[a-z0-9][a-z0-9._-]{0,62})", re.ASCII)
_BUSY_SECONDS = 5.0
_FILE: Final = "The file of users and clients"

_TABLES = """
CREATE TABLE IF NOT EXISTS accounts (
    kind TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, scopes TEXT NOT NULL, workspace TEXT NOT NULL,
    created REAL NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS credentials (
    hash BLOB PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, use TEXT NOT NULL, scopes TEXT NOT NULL,
    expires REAL, FOREIGN KEY (kind, name) REFERENCES accounts (kind, name) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS credentials_of ON credentials (kind, name);
CREATE TABLE IF NOT EXISTS failures (
    key TEXT PRIMARY KEY, count INTEGER NOT NULL, last REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subjects (
    issuer TEXT NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (issuer, subject),
    FOREIGN KEY (kind, name) REFERENCES accounts (kind, name) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (use TEXT PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID;
"""


class Scope(StrEnum):
    """What an account may do."""

    READ = "read"  # read templates, images and stored recognitions
    RECOGNIZE = "recognize"  # send scans, and correct or delete what was recognized
    AUTHOR = "author"  # change templates and images
    ADMIN = "admin"  # see the metrics of the server, and the list of all batches


class Kind(StrEnum):
    """What an account is: a person or a program."""

    USER = "user"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Account:
    """A user or a client.

    Attributes:
        workspace: the workspace whose data it sees. The empty name stands for the workspace of a server without log-in.
        created: in seconds since 1970.
    """

    kind: Kind
    name: str
    scopes: frozenset[Scope]
    workspace: str
    created: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new credential. `token` is shown once: the file holds only its hash."""

    token: str
    account: Account
    seconds: float | None
    refresh_token: str | None = None


class Accounts:
    """The users and clients of a server. Without any, `any` is False, and no log-in is needed.

    Each method opens the file in the thread that calls it, and sees what other processes have changed. Methods raise
    StorageUnavailable if the file is damaged or cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._threads = threading.local()
        self._lately: dict[tuple[str, str, str], tuple[str, float]] = {}
        self._hashing = threading.BoundedSemaphore(_AT_A_TIME)

    def exist(self) -> bool:
        """Whether there may be users or clients: whether their file exists."""
        return self._path.exists()

    def any(self) -> bool:
        """Whether there is a user or a client."""
        if not self.exist():
            return False
        with self._reading() as file:
            return bool(file.execute("SELECT EXISTS (SELECT 1 FROM accounts)").fetchone()[0])

    def all(self, kind: Kind) -> list[Account]:
        """All users or all clients, by name."""
        if not self._path.exists():
            return []
        with self._reading() as file:
            rows = file.execute(
                "SELECT kind, name, scopes, workspace, created FROM accounts WHERE kind = ? ORDER BY name", (kind,)
            )
            return [_account(row) for row in rows]

    def workspaces(self) -> list[str]:
        """The names of all workspaces that belong to an account, sorted."""
        return sorted({account.workspace for kind in Kind for account in self.all(kind)})

    def add(self, account: Account, secret: str) -> None:
        """Add a user with a password, or a client with a secret.

        Raises:
            InvalidRequest: the name, the workspace or the password cannot be used.
            NameConflict: there is a user or client of this name.
        """
        _check(account)
        hashed = self._hash(secret)
        row = (account.kind, account.name, hashed, _text(account.scopes), account.workspace, time.time())
        with self._writing() as file:
            try:
                file.execute("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                message = f"There is already a {account.kind} named {account.name!r}."
                raise NameConflict(message, name=account.name) from None

    def remove(self, kind: Kind, name: str) -> None:
        """Remove an account. Its sessions, tokens and keys end at once. Raises NotFound."""
        with self._writing() as file:
            if not file.execute("DELETE FROM accounts WHERE kind = ? AND name = ?", (kind, name)).rowcount:
                raise _no_account(kind, name)
        with self._reading() as file:  # the name must not stay in the log
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def set_workspace(self, kind: Kind, name: str, workspace: str) -> None:
        """Move an account to another workspace, also in its sessions. Raises NotFound, and InvalidRequest."""
        _check_workspace(workspace)
        with self._writing() as file:
            row = (workspace, kind, name)
            if not file.execute("UPDATE accounts SET workspace = ? WHERE kind = ? AND name = ?", row).rowcount:
                raise _no_account(kind, name)

    def set_secret(self, kind: Kind, name: str, secret: str) -> None:
        """Change the password or secret of an account, and end its sessions and tokens. Raises NotFound."""
        if kind is Kind.USER:
            check_password(secret)
        hashed = self._hash(secret)
        with self._writing() as file:
            changed = file.execute("UPDATE accounts SET hash = ? WHERE kind = ? AND name = ?", (hashed, kind, name))
            if not changed.rowcount:
                raise _no_account(kind, name)
            file.execute("DELETE FROM credentials WHERE kind = ? AND name = ? AND use != 'key'", (kind, name))

    def log_in(self, kind: Kind, name: str, secret: str, source: str, scopes: Iterable[str] = ()) -> Issued:
        """Check a password or secret, and issue a session or access token.

        An unknown name takes as long as a wrong password. A client gets the same token again for REUSE_SECONDS.

        Args:
            kind: whether a user or a client logs in.
            name: the name of the account.
            secret: its password or secret.
            source: the network address of the request.
            scopes: the scopes of the token, some of those of the account. By default it has all of them.

        Raises:
            LoginFailed: the name or the secret is wrong.
            TooManyAttempts: too many attempts have failed.
            InvalidRequest: the account lacks one of the scopes.
        """
        limits = {
            f"{kind}/{name[:64]}/{source}": FREE_ATTEMPTS,
            f"{kind}/{name[:64]}": FREE_ATTEMPTS_OF_ACCOUNT,
            f"source/{source}": FREE_ATTEMPTS_OF_SOURCE,
        }
        self._check_attempts(limits)
        found = self._find(kind, name)
        if not self._is_right(found[1] if found else None, secret) or found is None:
            self._note_failure(limits)
            raise LoginFailed("The name or the password is wrong.")
        account = found[0]
        wanted = account.scopes if not (asked := set(scopes)) else _some(account, asked)
        seconds = SESSION_SECONDS if kind is Kind.USER else TOKEN_SECONDS
        use = "session" if kind is Kind.USER else "token"
        with self._writing() as file:
            file.execute("DELETE FROM credentials WHERE expires < ?", (time.time(),))
            file.execute("DELETE FROM failures WHERE key IN (?, ?)", list(limits)[:2])
            if kind is Kind.CLIENT:
                return self._issue_to_client(file, account, use, wanted, seconds)
            return _issue(file, account, use, wanted, seconds)

    def refreshable(self, issued: Issued) -> Issued:
        """An access token, with a refresh token by which its client gets others of the same scopes."""
        with self._writing() as file:
            more = self._issue_to_client(file, issued.account, "refresh", issued.account.scopes, REFRESH_SECONDS)
        return replace(issued, refresh_token=more.token)

    def refresh(self, token: str) -> Issued:
        """Issue an access token to the client of a refresh token. Raises LoginFailed if the token is not valid."""
        account = self._account_of(token, "c.use = 'refresh'")
        if account is None:
            raise LoginFailed("The refresh token is wrong, or has expired.")
        with self._writing() as file:
            issued = self._issue_to_client(file, account, "token", account.scopes, TOKEN_SECONDS)
        return replace(issued, refresh_token=token)

    def _issue_to_client(
        self, file: sqlite3.Connection, account: Account, use: str, scopes: frozenset[Scope], seconds: float
    ) -> Issued:
        """Issue a token, or extend the one that this process has issued lately, unless it is revoked."""
        key, now = (account.name, use, _text(scopes)), time.time()
        token, made = self._lately.get(key, ("", 0.0))
        if now - REUSE_SECONDS < made <= now:
            extended = file.execute("UPDATE credentials SET expires = ? WHERE hash = ?", (now + seconds, digest(token)))
            if extended.rowcount:
                return Issued(token, replace(account, scopes=scopes), seconds)
        issued = _issue(file, account, use, scopes, seconds)
        self._lately[key] = issued.token, now
        return issued

    def log_in_by_provider(self, issuer: str, subject: str, account: Account) -> Issued:
        """Issue a session for a person whom a provider of OpenID Connect has named.

        The first log-in adds a user, who has no password. Later ones use this user with the scopes and the workspace
        that it has then.

        Args:
            issuer: the provider.
            subject: names the person there for all time.
            account: the user to add.

        Raises:
            NameConflict: there is another user of this name.
        """
        _check(account)
        hashed = self._hash(new_secret())
        with self._writing() as file:
            file.execute("DELETE FROM credentials WHERE expires < ?", (time.time(),))
            found = file.execute(
                "SELECT a.kind, a.name, a.scopes, a.workspace, a.created FROM subjects s JOIN accounts a "
                "USING (kind, name) WHERE s.issuer = ? AND s.subject = ?",
                (issuer, subject),
            ).fetchone()
            if found is None:
                row = (account.kind, account.name, hashed, _text(account.scopes), account.workspace, time.time())
                try:
                    file.execute("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)", row)
                except sqlite3.IntegrityError:
                    message = (
                        f"There is already a user named {account.name!r}. An administrator can remove it, so that this "
                        "name is free for the provider's user."
                    )
                    raise NameConflict(message, name=account.name) from None
                file.execute("INSERT INTO subjects VALUES (?, ?, ?, ?)", (issuer, subject, account.kind, account.name))
            own = _account(found) if found else account
            return _issue(file, own, "session", own.scopes, SESSION_SECONDS)

    def new_key(self, name: str, seconds: float | None = None) -> Issued:
        """Issue an API key for a client, valid until the client is removed, or for a time. Raises NotFound."""
        found = self._find(Kind.CLIENT, name)
        if found is None:
            raise _no_account(Kind.CLIENT, name)
        with self._writing() as file:
            return _issue(file, found[0], "key", found[0].scopes, seconds)

    def account_of(self, token: str) -> Account | None:
        """The account of a valid session, access token or API key, with the scopes of that token; else None."""
        return self._account_of(token, "c.use != 'refresh'")

    def is_valid(self, hashed: bytes) -> bool:
        """Whether a session, access token or API key with this `digest` is valid."""
        with self._reading() as file:
            row = file.execute(
                "SELECT 1 FROM credentials WHERE hash = ? AND use != 'refresh' AND (expires IS NULL OR expires > ?)",
                (hashed, time.time()),
            ).fetchone()
        return row is not None

    def _account_of(self, token: str, condition: str) -> Account | None:
        if not self.exist():
            return None
        with self._reading() as file:
            row = file.execute(
                "SELECT a.kind, a.name, c.scopes, a.workspace, a.created FROM credentials c JOIN accounts a "  # noqa: S608
                f"USING (kind, name) WHERE c.hash = ? AND (c.expires IS NULL OR c.expires > ?) AND {condition}",
                (digest(token), time.time()),
            ).fetchone()
        return _account(row) if row else None

    def account(self, kind: Kind, name: str) -> Account | None:
        """An account by its name, or None."""
        found = self._find(kind, name)
        return found[0] if found else None

    def log_out(self, token: str) -> None:
        """End a session, or revoke an access token or an API key."""
        with self._writing() as file:
            file.execute("DELETE FROM credentials WHERE hash = ?", (digest(token),))

    def signing_key(self) -> bytes:
        """The key that signs links, which is made at the first call."""
        with self._reading() as file:
            found = file.execute("SELECT key FROM keys WHERE use = 'links'").fetchone()
        if found is None:
            with self._writing() as file:
                file.execute("INSERT OR IGNORE INTO keys VALUES ('links', ?)", (secrets.token_bytes(32),))
                found = file.execute("SELECT key FROM keys WHERE use = 'links'").fetchone()
        return bytes(found[0])

    def _find(self, kind: Kind, name: str) -> tuple[Account, str] | None:
        if not self._path.exists():
            return None
        with self._reading() as file:
            row = file.execute(
                "SELECT kind, name, scopes, workspace, created, hash FROM accounts WHERE kind = ? AND name = ?",
                (kind, name),
            ).fetchone()
        return (_account(row[:5]), row[5]) if row else None

    def _check_attempts(self, limits: dict[str, int]) -> None:
        now = time.time()
        with self._reading() as file:
            rows = file.execute("SELECT key, count, last FROM failures WHERE key IN (?, ?, ?)", list(limits))
            waits = [last + _wait(count - limits[key]) - now for key, count, last in rows]
        wait = max(waits, default=0.0)
        if wait > 0:
            seconds = int(wait) + 1
            message = f"Too many log-ins have failed. Try again in {seconds} seconds."
            raise TooManyAttempts(message, retry_after=seconds)

    def _note_failure(self, limits: dict[str, int]) -> None:
        now = time.time()
        with self._writing() as file:
            file.execute("DELETE FROM failures WHERE last < ?", (now - LONGEST_WAIT_SECONDS,))
            for key in limits:
                file.execute(
                    "INSERT INTO failures VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET count = count + 1, last = ?",
                    (key, now, now),
                )

    def _hash(self, secret: str) -> str:
        with self._hashing:
            return str(_hasher().hash(secret))

    def _is_right(self, hashed: str | None, secret: str) -> bool:
        """Compare a secret with its hash. Without a hash, take as long and return False."""
        from argon2.exceptions import VerificationError

        with self._hashing:
            if hashed is None:
                _hasher().hash(secret)
                return False
            try:
                return bool(_hasher().verify(hashed, secret))
            except VerificationError:
                return False

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with errors_told(_FILE):
            yield self._connection()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which other processes wait for."""
        with errors_told(_FILE):
            if not self._path.exists():
                create_file(self._path, b"")
            file = self._connection()
            with transaction(file):
                yield file

    def _connection(self) -> sqlite3.Connection:
        """The connection of this thread. SQLite forbids the others to use it."""
        known = cast("sqlite3.Connection | None", getattr(self._threads, "connection", None))
        if known is not None:
            return known
        made = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA foreign_keys = ON")
            made.execute("PRAGMA secure_delete = ON")
            made.executescript(_TABLES)
        except BaseException:
            made.close()
            raise
        self._path.chmod(FILE_MODE)
        self._threads.connection = made
        return made

    def close(self) -> None:
        """Close the file in this thread."""
        known = getattr(self._threads, "connection", None)
        if known is not None:
            with closing(known):
                self._threads.connection = None


def new_secret() -> str:
    """A secret for a client: 256 random bits."""
    return secrets.token_urlsafe(32)


def check_password(password: str) -> None:
    """Raise InvalidRequest for a password that is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= 1000:
        expected = f"at least {SHORTEST_PASSWORD} characters"
        raise InvalidRequest(f"password: expected {expected}", fields=[{"path": "password", "expected": expected}])


def scopes_of(text: str) -> frozenset[Scope]:
    """The scopes of a text with commas or spaces between them. Raises InvalidRequest."""
    names = text.replace(",", " ").split()
    unknown = sorted(set(names) - set(Scope))
    if unknown or not names:
        expected = f"scopes of {', '.join(Scope)}"
        raise InvalidRequest(f"scope: expected {expected}", fields=[{"path": "scope", "expected": expected}])
    return frozenset(map(Scope, names))


def _check(account: Account) -> None:
    if not _NAME.fullmatch(account.name):
        raise InvalidRequest.at(
            "name", "1 to 64 letters, digits and . _ @ + -, of which the first is a letter or digit"
        )
    _check_workspace(account.workspace)


def _check_workspace(name: str) -> None:
    if not _WORKSPACE.fullmatch(name):
        raise InvalidRequest.at("workspace", "at most 63 small letters, digits and . _ -")


def _some(account: Account, asked: set[str]) -> frozenset[Scope]:
    if not asked <= account.scopes:
        expected = f"scopes of {_text(account.scopes)}"
        raise InvalidRequest(f"scope: expected {expected}", fields=[{"path": "scope", "expected": expected}])
    return frozenset(map(Scope, asked))


def _issue(
    file: sqlite3.Connection, account: Account, use: str, scopes: frozenset[Scope], seconds: float | None
) -> Issued:
    token = f"omr_{secrets.token_urlsafe(32)}"
    expires = None if seconds is None else time.time() + seconds
    row = (digest(token), account.kind, account.name, use, _text(scopes), expires)
    file.execute("INSERT INTO credentials VALUES (?, ?, ?, ?, ?, ?)", row)
    return Issued(token, Account(account.kind, account.name, scopes, account.workspace, account.created), seconds)


def _account(row: tuple[Any, ...]) -> Account:
    kind, name, scopes, workspace, created = row
    return Account(Kind(kind), name, frozenset(map(Scope, scopes.split())), workspace, created)


def _text(scopes: Iterable[Scope]) -> str:
    return " ".join(scope for scope in Scope if scope in set(scopes))


def digest(token: str) -> bytes:
    """The SHA-256 hash of a token, by which the file knows it."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _wait(too_many: int) -> float:
    """The wait after failures beyond the free ones: one second, doubled by each further failure."""
    return 0.0 if too_many < 0 else min(2.0 ** min(too_many, 20), LONGEST_WAIT_SECONDS)


def _no_account(kind: Kind, name: str) -> NotFound:
    return NotFound(f"There is no {kind} named {name!r}.", name=name)


def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher(_PASSES, _KIBIBYTES, _LANES)
