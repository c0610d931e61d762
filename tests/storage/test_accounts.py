"""Users, clients and their credentials."""

import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from omrclip.errors import (
    InvalidRequest,
    LoginFailed,
    NameConflict,
    NotFound,
    OmrclipError,
    StorageUnavailable,
    TooManyAttempts,
)
from omrclip.storage import accounts as module
from omrclip.storage.accounts import (
    FREE_ATTEMPTS,
    FREE_ATTEMPTS_OF_ACCOUNT,
    FREE_ATTEMPTS_OF_SOURCE,
    REFRESH_SECONDS,
    REUSE_SECONDS,
    SESSION_SECONDS,
    TOKEN_SECONDS,
    Account,
    Accounts,
    Kind,
    Scope,
    new_secret,
    scopes_of,
)
from tests.patience import PATIENCE

PASSWORD = "correct horse"
ANN = Account(Kind.USER, "ann", frozenset({Scope.READ, Scope.RECOGNIZE}), "")
PROGRAM = Account(Kind.CLIENT, "program", frozenset(Scope), "program")
HERE = "192.0.2.1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "accounts.sqlite"


@pytest.fixture
def accounts(path: Path) -> Accounts:
    found = Accounts(path)
    found.add(ANN, PASSWORD)
    found.add(PROGRAM, PASSWORD)
    return found


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the time, in seconds after an hour."""

    class Time:
        seconds = 0.0

        @classmethod
        def time(cls) -> float:
            return 1_800_000_000 + cls.seconds

    monkeypatch.setattr(module, "time", Time)

    def set_to(seconds: float) -> None:
        Time.seconds = seconds

    return set_to


def token(accounts: Accounts, name: str = "ann", kind: Kind = Kind.USER) -> str:
    return accounts.log_in(kind, name, PASSWORD, HERE).token


def test_a_file_is_made_for_the_first_account_only(path: Path) -> None:
    accounts = Accounts(path)
    assert not accounts.any()
    assert accounts.all(Kind.USER) == []
    assert not path.exists()
    accounts.add(ANN, PASSWORD)
    assert accounts.any()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_accounts_are_listed(accounts: Accounts) -> None:
    assert (accounts.all(Kind.USER), accounts.all(Kind.CLIENT)) == ([ANN], [PROGRAM])
    assert accounts.workspaces() == ["", "program"]


def test_a_log_in_gives_a_token_of_the_account(accounts: Accounts) -> None:
    session, access = (accounts.log_in(one.kind, one.name, PASSWORD, HERE) for one in (ANN, PROGRAM))
    assert (session.account, session.seconds) == (ANN, SESSION_SECONDS)
    assert (access.account, access.seconds) == (PROGRAM, TOKEN_SECONDS)
    assert (accounts.account_of(session.token), accounts.account_of(access.token)) == (ANN, PROGRAM)


def test_the_file_holds_no_secret(accounts: Accounts, path: Path) -> None:
    secrets = [PASSWORD, token(accounts), accounts.new_key("program").token]
    accounts.close()
    data = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"ann" in data
    assert not any(secret.encode() in data for secret in secrets)


def test_the_tokens_of_a_client_do_not_pile_up(
    accounts: Accounts, path: Path, now: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_is_right", lambda *_: True)
    first = accounts.log_in(Kind.CLIENT, "program", PASSWORD, HERE).token
    for seconds in range(0, 2 * TOKEN_SECONDS, 200):
        now(seconds)
        accounts.refreshable(accounts.log_in(Kind.CLIENT, "program", PASSWORD, HERE))
    with closing(sqlite3.connect(path)) as file:
        (count,) = file.execute("SELECT COUNT(*) FROM credentials").fetchone()
    most = 2 * TOKEN_SECONDS // REUSE_SECONDS  # the refresh tokens of all the time
    assert count <= most + TOKEN_SECONDS // REUSE_SECONDS + 2
    assert accounts.account_of(first) is None
    now(2 * TOKEN_SECONDS)
    last = accounts.log_in(Kind.CLIENT, "program", PASSWORD, HERE)
    now(3 * TOKEN_SECONDS - 1)  # it is valid as long as it says, although it is not new
    assert accounts.account_of(last.token) == PROGRAM


def test_a_token_that_is_given_again_has_its_scopes_and_is_not_revoked(accounts: Accounts) -> None:
    first, same = (accounts.log_in(Kind.CLIENT, "program", PASSWORD, HERE) for _ in range(2))
    assert first == same
    fewer = accounts.log_in(Kind.CLIENT, "program", PASSWORD, HERE, ["read"])
    assert fewer.account.scopes == {Scope.READ}
    assert fewer.token != first.token
    accounts.log_out(first.token)
    again = accounts.log_in(Kind.CLIENT, "program", PASSWORD, HERE)
    assert again.token != first.token
    assert accounts.account_of(again.token) == PROGRAM
    assert token(accounts) != token(accounts)  # people have sessions of their own


def test_a_refresh_token_expires(accounts: Accounts, now: Callable[[float], None]) -> None:
    now(0)
    refresh = accounts.refreshable(accounts.log_in(Kind.CLIENT, "program", PASSWORD, HERE, ["read"])).refresh_token
    assert refresh
    assert accounts.account_of(refresh) is None
    now(REFRESH_SECONDS - 1)
    issued = accounts.refresh(refresh)
    assert accounts.account_of(issued.token) == replace(PROGRAM, scopes=frozenset({Scope.READ}))
    now(REFRESH_SECONDS + 1)
    with pytest.raises(LoginFailed):
        accounts.refresh(refresh)


def test_a_token_may_have_fewer_scopes(accounts: Accounts) -> None:
    issued = accounts.log_in(Kind.CLIENT, "program", PASSWORD, HERE, ["read"])
    found = accounts.account_of(issued.token)
    assert found is not None
    assert found.scopes == {Scope.READ}
    with pytest.raises(InvalidRequest, match=r"scope: expected scopes of read recognize"):
        accounts.log_in(Kind.USER, "ann", PASSWORD, HERE, ["admin"])


@pytest.mark.parametrize(
    ("kind", "name", "password"),
    [
        (Kind.USER, "ann", "wrong"),
        (Kind.USER, "ann", ""),
        (Kind.USER, "bob", PASSWORD),
        (Kind.CLIENT, "ann", PASSWORD),
        (Kind.USER, "program", PASSWORD),
        (Kind.USER, "ANN", PASSWORD),
        (Kind.USER, "a" * 10_000, PASSWORD),
    ],
)
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(
    accounts: Accounts, kind: Kind, name: str, password: str
) -> None:
    with pytest.raises(LoginFailed, match=r"^The name or the password is wrong\.$"):
        accounts.log_in(kind, name, password, HERE)


def test_an_unknown_name_takes_as_long_as_a_wrong_password(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted by the hashes that are computed, since these take nearly all of the time."""
    computed = []
    real = module._hasher

    class Counting:
        def hash(self, secret: str) -> str:
            computed.append("hash")
            return str(real().hash(secret))

        def verify(self, hashed: str, secret: str) -> bool:
            computed.append("verify")
            return bool(real().verify(hashed, secret))

    monkeypatch.setattr(module, "_hasher", Counting)
    for name in ("ann", "nobody"):
        with pytest.raises(LoginFailed):
            accounts.log_in(Kind.USER, name, "wrong", HERE)
    assert computed == ["verify", "hash"]


@pytest.mark.parametrize(
    ("free", "attempt"),
    [
        (FREE_ATTEMPTS, lambda _: ("ann", HERE)),
        (FREE_ATTEMPTS_OF_ACCOUNT, lambda number: ("ann", f"192.0.2.{number}")),
        (FREE_ATTEMPTS_OF_SOURCE, lambda number: (f"user{number}", HERE)),
    ],
    ids=["account and address", "account", "address"],
)
def test_failures_make_wait(
    accounts: Accounts,
    now: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    attempt: Callable[[int], tuple[str, str]],
) -> None:
    monkeypatch.setattr(Accounts, "_is_right", lambda _, hashed, secret: hashed is not None and secret == PASSWORD)
    for number in range(free):
        name, source = attempt(number)
        with pytest.raises(LoginFailed):
            accounts.log_in(Kind.USER, name, "wrong", source)
    name, source = attempt(free)
    with pytest.raises(TooManyAttempts, match="Try again in 2 seconds") as refused:
        accounts.log_in(Kind.USER, name, PASSWORD, source)  # even with the right password
    assert refused.value.details["retry_after"] == 2
    now(1.5)
    with pytest.raises(LoginFailed):
        accounts.log_in(Kind.USER, name, "wrong", source)
    now(3)  # the wait has doubled
    with pytest.raises(TooManyAttempts):
        accounts.log_in(Kind.USER, name, "wrong", source)
    now(4)
    if name == "ann":
        assert accounts.log_in(Kind.USER, "ann", PASSWORD, source).account == ANN


def test_a_wait_has_an_end(accounts: Accounts, now: Callable[[float], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Accounts, "_is_right", lambda *_: False)
    for number in range(40):
        now(number * module.LONGEST_WAIT_SECONDS)
        with pytest.raises(LoginFailed):
            accounts.log_in(Kind.USER, "ann", "wrong", HERE)


def test_a_log_in_forgets_the_failures_of_the_account(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Accounts, "_is_right", lambda _, __, secret: secret == PASSWORD)
    for _ in range(4):
        for _ in range(FREE_ATTEMPTS - 1):
            with pytest.raises(LoginFailed):
                accounts.log_in(Kind.USER, "ann", "wrong", HERE)
        assert accounts.log_in(Kind.USER, "ann", PASSWORD, HERE).account == ANN


def test_a_session_and_a_token_expire(accounts: Accounts, now: Callable[[float], None]) -> None:
    now(0)
    session, access = token(accounts), token(accounts, "program", Kind.CLIENT)
    key, short = accounts.new_key("program").token, accounts.new_key("program", 10).token
    now(TOKEN_SECONDS - 1)
    assert accounts.account_of(access) == PROGRAM
    assert accounts.account_of(short) is None
    now(TOKEN_SECONDS)
    assert accounts.account_of(access) is None
    assert accounts.account_of(session) == ANN
    now(SESSION_SECONDS)
    assert accounts.account_of(session) is None
    now(1e9)
    assert accounts.account_of(key) == PROGRAM


@pytest.mark.parametrize("given", ["", "omr_", "x" * 100_000, "\x00", "ä", "\udcff"])
def test_a_forged_token_is_none(accounts: Accounts, given: str) -> None:
    assert accounts.account_of(given) is None


def test_log_out_ends_one_session(accounts: Accounts) -> None:
    one, other = token(accounts), token(accounts)
    accounts.log_out(one)
    assert (accounts.account_of(one), accounts.account_of(other)) == (None, ANN)


def test_a_new_password_ends_all_sessions(accounts: Accounts) -> None:
    session, key = token(accounts), accounts.new_key("program").token
    accounts.set_secret(Kind.USER, "ann", "another one")
    accounts.set_secret(Kind.CLIENT, "program", new_secret())
    assert accounts.account_of(session) is None
    assert accounts.account_of(key) == PROGRAM
    with pytest.raises(LoginFailed):
        token(accounts)
    assert accounts.log_in(Kind.USER, "ann", "another one", HERE).account == ANN


def test_a_removed_account_has_nothing_left(accounts: Accounts) -> None:
    key = accounts.new_key("program").token
    accounts.remove(Kind.CLIENT, "program")
    assert accounts.account_of(key) is None
    accounts.add(PROGRAM, PASSWORD)
    assert accounts.account_of(key) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts: accounts.remove(Kind.USER, "bob"),
        lambda accounts: accounts.set_secret(Kind.USER, "bob", PASSWORD),
        lambda accounts: accounts.new_key("ann"),
    ],
)
def test_an_account_that_is_not_there(accounts: Accounts, change: Callable[[Accounts], object]) -> None:
    with pytest.raises(NotFound, match=r"There is no (user|client) named"):
        change(accounts)


@pytest.mark.parametrize(
    ("name", "workspace", "error", "message"),
    [
        ("ann", "", NameConflict, "There is already a user named 'ann'"),
        ("", "", InvalidRequest, "name: expected"),
        ("a b", "", InvalidRequest, "name: expected"),
        ("../ann", "", InvalidRequest, "name: expected"),
        ("bob\n", "", InvalidRequest, "name: expected"),
        ("b" * 65, "", InvalidRequest, "name: expected"),
        ("bob", "../x", InvalidRequest, "workspace: expected"),
        ("bob", ".hidden", InvalidRequest, "workspace: expected"),
        ("bob", "A", InvalidRequest, "workspace: expected"),
        ("bob", "a/b", InvalidRequest, "workspace: expected"),
    ],
)
def test_names_that_cannot_be_used(
    accounts: Accounts, name: str, workspace: str, error: type[OmrclipError], message: str
) -> None:
    with pytest.raises(error, match=message):
        accounts.add(Account(Kind.USER, name, frozenset(Scope), workspace), PASSWORD)


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("read", {Scope.READ}),
        ("read,author", {Scope.READ, Scope.AUTHOR}),
        ("admin, read recognize", {Scope.ADMIN, Scope.READ, Scope.RECOGNIZE}),
    ],
)
def test_scopes(text: str, scopes: set[Scope]) -> None:
    assert scopes_of(text) == scopes


@pytest.mark.parametrize("text", ["", "write", "read,everything", ","])
def test_unknown_scopes(text: str) -> None:
    with pytest.raises(InvalidRequest, match="scope: expected scopes of read, recognize, author, admin"):
        scopes_of(text)


def test_a_damaged_file_lets_nobody_in(accounts: Accounts, path: Path) -> None:
    session = token(accounts)
    accounts.close()
    for extra in path.parent.glob("*-wal"):
        extra.unlink()
    path.write_bytes(b"no database" * 1000)
    for call in (accounts.any, lambda: accounts.account_of(session), lambda: token(accounts)):
        with pytest.raises(StorageUnavailable, match="The file of users and clients cannot be read"):
            call()


def test_two_processes_see_each_others_changes(accounts: Accounts, path: Path) -> None:
    other = Accounts(path)
    session = token(accounts)
    assert other.account_of(session) == ANN
    other.remove(Kind.USER, "ann")
    assert accounts.account_of(session) is None


def test_the_key_of_links_stays(accounts: Accounts, path: Path) -> None:
    assert accounts.signing_key() == Accounts(path).signing_key()
    assert len(accounts.signing_key()) == 32


def test_a_file_in_a_folder_that_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailable):
        Accounts(tmp_path / "file" / "accounts.sqlite").add(ANN, PASSWORD)


def test_hashing_is_bounded(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of ten log-ins waits for its turn, while two passwords are hashed."""
    running, most = [], []
    proceed = threading.Event()

    class Slow:
        def verify(self, *_: str) -> bool:
            running.append(1)
            most.append(len(running))
            proceed.wait(PATIENCE)
            running.pop()
            return True

    monkeypatch.setattr(module, "_hasher", Slow)
    with ThreadPoolExecutor(10) as pool:
        log_ins = [pool.submit(accounts.log_in, Kind.USER, "ann", PASSWORD, HERE) for _ in range(10)]
        deadline = time.monotonic() + PATIENCE
        while len(running) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        proceed.set()
        assert [one.result().account for one in log_ins] == [ANN] * 10
    assert max(most) == 2
