"""`omrclip users` and `omrclip clients`: the accounts of the service."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from omrclip.cli.common import config, telling

if TYPE_CHECKING:
    from omrclip.storage.accounts import Accounts, Kind

DEFAULT_SCOPES = "read,recognize,author"

_scopes = click.option(
    "--scopes",
    default=DEFAULT_SCOPES,
    show_default=True,
    metavar="A,B",
    help="What the account may do, of read, recognize, author and admin.",
)


@click.group()
def users() -> None:
    """Add and remove the people who may log in.

    As soon as there is a user or a client, the service requires a log-in.
    """


@click.group()
def clients() -> None:
    """Add and remove the programs that may use the service."""


@users.command("add")
@click.argument("name")
@_scopes
@click.option(
    "--workspace", default="", metavar="NAME", help="The workspace of the user. [default: that of the server itself]"
)
@telling
def add_user(name: str, scopes: str, workspace: str) -> None:
    """Add the user NAME. The command asks for the password. From a pipe, it reads the first line."""
    from omrclip.storage.accounts import Account, Kind, check_password, scopes_of

    account = Account(Kind.USER, name, scopes_of(scopes), workspace)
    password = _password()
    check_password(password)
    _accounts().add(account, password)
    click.echo(f"The user {name} can log in.")


@users.command("password")
@click.argument("name")
@telling
def change_password(name: str) -> None:
    """Change the password of the user NAME, and end all sessions of this user."""
    from omrclip.storage.accounts import Kind

    _accounts().set_secret(Kind.USER, name, _password())
    click.echo(f"The password of {name} is changed.")


@clients.command("add")
@click.argument("name")
@_scopes
@click.option(
    "--workspace", metavar="NAME", help="The workspace of the client. [default: one with the client's own name]"
)
@telling
def add_client(name: str, scopes: str, workspace: str | None) -> None:
    """Add the client NAME. Its secret is printed once, and cannot be read again."""
    from omrclip.storage.accounts import Account, Kind, new_secret, scopes_of

    own = name.lower() if workspace is None else workspace
    secret = new_secret()
    _accounts().add(Account(Kind.CLIENT, name, scopes_of(scopes), own), secret)
    click.echo(f"The client {name} can use the service. Its secret is shown only now:", err=True)
    click.echo(secret)


@clients.command("secret")
@click.argument("name")
@telling
def change_secret(name: str) -> None:
    """Replace the secret of the client NAME, and end its access tokens. Its API keys stay valid."""
    from omrclip.storage.accounts import Kind, new_secret

    secret = new_secret()
    _accounts().set_secret(Kind.CLIENT, name, secret)
    click.echo("The new secret is shown only now:", err=True)
    click.echo(secret)


@clients.command("key")
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 36_500), help="How long the key is valid. [default: without end]")
@telling
def new_key(name: str, days: int | None) -> None:
    """Make an API key for the client NAME, to send in the header `Authorization: Bearer`."""
    issued = _accounts().new_key(name, None if days is None else days * 86_400.0)
    click.echo("The key is shown only now:", err=True)
    click.echo(issued.token)


def _remover(kind_name: str) -> Callable[..., None]:
    @click.argument("name")
    @telling
    def remove(name: str) -> None:
        from omrclip.storage.accounts import Kind

        _accounts().remove(Kind(kind_name), name)
        click.echo(f"The {kind_name} {name} is removed.")

    remove.__doc__ = f"Remove the {kind_name} NAME. Its sessions, tokens and links end at once. Its data stays."
    return remove


def _lister(kind_name: str) -> Callable[..., None]:
    @telling
    def show() -> None:
        from omrclip.storage.accounts import Kind

        _show(_accounts(), Kind(kind_name))

    show.__doc__ = f"List the {kind_name}s with their workspaces and scopes."
    return show


for _group, _kind in ((users, "user"), (clients, "client")):
    _group.command("remove")(_remover(_kind))
    _group.command("list")(_lister(_kind))


def _show(accounts: "Accounts", kind: "Kind") -> None:
    for account in accounts.all(kind):
        workspace = account.workspace or "(that of the server)"
        click.echo(f"{account.name}\t{workspace}\t{','.join(sorted(account.scopes))}")


def _accounts() -> "Accounts":
    from omrclip.storage.accounts import Accounts

    return Accounts(str(config().accounts))


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
