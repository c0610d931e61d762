"""`omrclip users` and `omrclip clients`."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from omrclip.cli import main
from omrclip.storage.accounts import Account, Accounts, Kind, Scope

PASSWORD = "correct horse"
USUAL = frozenset({Scope.READ, Scope.RECOGNIZE, Scope.AUTHOR})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMRCLIP_HOME", str(tmp_path))
    return tmp_path


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=typed)


def accounts(home: Path) -> Accounts:
    return Accounts(home / "accounts.sqlite")


def test_a_user_is_added_with_the_password_from_a_pipe(home: Path) -> None:
    added = run("users", "add", "ann", typed=f"{PASSWORD}\n")
    assert (added.exit_code, added.output) == (0, "The user ann can log in.\n")
    issued = accounts(home).log_in(Kind.USER, "ann", PASSWORD, "")
    assert issued.account == Account(Kind.USER, "ann", USUAL, "")


def test_users_are_listed_and_removed(home: Path) -> None:
    run("users", "add", "ann", "--scopes", "read,admin", "--workspace", "exams", typed=f"{PASSWORD}\n")
    assert run("users", "list").output == "ann\texams\tadmin,read\n"
    assert run("clients", "list").output == ""
    assert run("users", "remove", "ann").output == "The user ann is removed.\n"
    assert run("users", "list").output == ""
    assert not accounts(home).any()


def test_a_password_is_changed(home: Path) -> None:
    run("users", "add", "ann", typed=f"{PASSWORD}\n")
    assert run("users", "password", "ann", typed="another one\n").exit_code == 0
    assert accounts(home).log_in(Kind.USER, "ann", "another one", "").account.name == "ann"


def test_the_secret_of_a_client_is_all_that_goes_to_standard_output(home: Path) -> None:
    added = run("clients", "add", "Office")
    secret = added.stdout.strip()
    assert len(secret) >= 40
    assert "The client Office can use the service" in added.stderr
    found = accounts(home).log_in(Kind.CLIENT, "Office", secret, "").account
    assert found == Account(Kind.CLIENT, "Office", USUAL, "office")
    changed = run("clients", "secret", "Office").stdout.strip()
    assert changed != secret
    assert accounts(home).log_in(Kind.CLIENT, "Office", changed, "").account == found


def test_a_client_gets_an_api_key(home: Path) -> None:
    run("clients", "add", "office", "--workspace", "")
    key = run("clients", "key", "office", "--days", "1").stdout.strip()
    found = accounts(home).account_of(key)
    assert found is not None
    assert (found.name, found.workspace) == ("office", "")


@pytest.mark.parametrize(
    ("arguments", "typed", "told"),
    [
        (("users", "add", "ann"), "short\n", "password: expected at least 10 characters"),
        (("users", "add", "ann"), "", "password: expected at least 10 characters"),
        (("users", "add", "a b"), f"{PASSWORD}\n", "name: expected"),
        (("users", "add", "ann", "--scopes", "all"), f"{PASSWORD}\n", "scope: expected scopes of read"),
        (("users", "add", "ann", "--workspace", "../x"), f"{PASSWORD}\n", "workspace: expected"),
        (("users", "remove", "bob"), "", "There is no user named 'bob'"),
        (("users", "password", "bob"), f"{PASSWORD}\n", "There is no user named 'bob'"),
        (("clients", "remove", "bob"), "", "There is no client named 'bob'"),
        (("clients", "key", "bob"), "", "There is no client named 'bob'"),
        (("clients", "add", ""), "", "name: expected"),
    ],
)
@pytest.mark.usefixtures("home")
def test_refusals(arguments: tuple[str, ...], typed: str, told: str) -> None:
    refused = run(*arguments, typed=typed)
    assert refused.exit_code == 2
    assert told in refused.stderr


@pytest.mark.usefixtures("home")
def test_a_name_is_used_once() -> None:
    run("users", "add", "ann", typed=f"{PASSWORD}\n")
    assert "There is already a user named 'ann'" in run("users", "add", "ann", typed=f"{PASSWORD}\n").stderr


def test_members_of_a_group_share_its_workspace_until_they_leave(home: Path) -> None:
    for name in ("ann", "bob", "ward"):
        run("users", "add", name, typed=f"{PASSWORD}\n")
    run("clients", "add", "scanner")
    assert run("groups", "join", "ward", "ann").output == "ann is a member of ward.\n"
    assert run("groups", "join", "ward", "scanner", "--client").exit_code == 0
    assert run("groups", "list").output == "(that of the server)\tbob, ward\nward\tann, scanner\n"
    assert run("groups", "leave", "ann").output == "ann has the workspace ann.\n"
    assert run("groups", "list").output == "(that of the server)\tbob, ward\nann\tann\nward\tscanner\n"
    into_the_group = run("groups", "leave", "ward")
    assert (into_the_group.exit_code, "Other accounts use the workspace 'ward'" in into_the_group.output) == (2, True)
    for wrong in (("join", "ward", "nobody"), ("join", "../ward", "ann"), ("leave", "nobody")):
        assert run("groups", *wrong).exit_code == 2, wrong
    assert {account.workspace for account in accounts(home).all(Kind.USER)} == {"", "ann"}
