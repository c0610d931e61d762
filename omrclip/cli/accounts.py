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


@click.group()
def groups() -> None:
    """Let users and clients share templates, images, recognitions and batches.

    The members of a group share one workspace, which has the name of the group. A group exists while it has members.
    """


_client = click.option("--client", is_flag=True, help="NAME is a client, not a user.")


@groups.command("join")
@click.argument("group")
@click.argument("name")
@_client
@telling
def join_group(group: str, name: str, *, client: bool) -> None:
    """Let the user NAME see the workspace GROUP instead of the one before. Data stays where it is."""
    from omrclip.storage.accounts import Kind

    _accounts().set_workspace(Kind.CLIENT if client else Kind.USER, name, group)
    click.echo(f"{name} is a member of {group}.")


@groups.command("leave")
@click.argument("name")
@_client
@telling
def leave_group(name: str, *, client: bool) -> None:
    """Give the user NAME a workspace of its own."""
    from omrclip.errors import NameConflict
    from omrclip.storage.accounts import Kind

    own, kind, accounts = name.lower(), Kind.CLIENT if client else Kind.USER, _accounts()
    everybody = [account for each in Kind for account in accounts.all(each)]
    if any(one.workspace == own and (one.kind, one.name) != (kind, name) for one in everybody):
        raise NameConflict(
            f"Other accounts use the workspace {own!r}. Choose a new one with `omrclip groups join`.", name=own
        )
    accounts.set_workspace(kind, name, own)
    click.echo(f"{name} has the workspace {own}.")


@groups.command("list")
@telling
def list_groups() -> None:
    """List the workspaces with their members."""
    from omrclip.storage.accounts import Kind

    accounts = _accounts()
    everybody = [account for kind in Kind for account in accounts.all(kind)]
    for workspace in sorted({account.workspace for account in everybody}):
        members = (account.name for account in everybody if account.workspace == workspace)
        click.echo(f"{_shown(workspace)}\t{', '.join(members)}")


def _shown(workspace: str) -> str:
    return workspace or "(that of the server)"


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
        click.echo(f"{account.name}\t{_shown(account.workspace)}\t{','.join(sorted(account.scopes))}")


def _accounts() -> "Accounts":
    from omrclip.storage.accounts import Accounts

    return Accounts(str(config().accounts))


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
