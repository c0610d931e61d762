"""An application with users and clients in two workspaces."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from omrclip.config import Config
from omrclip.storage.accounts import Account, Accounts, Kind, Scope
from omrclip.web.app import App, create_app

PASSWORD = "correct horse"
ANN = Account(Kind.USER, "ann", frozenset({Scope.READ, Scope.RECOGNIZE, Scope.AUTHOR}), "")
EVE = Account(Kind.USER, "eve", frozenset({Scope.READ}), "")
RED, BLUE = (Account(Kind.CLIENT, name, frozenset(Scope), name) for name in ("red", "blue"))
ACCOUNTS = (ANN, EVE, RED, BLUE)

As = Callable[..., FlaskClient]


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    return replace(config, accounts=str(tmp_path / "accounts.sqlite"))


@pytest.fixture
def accounts(config: Config) -> Accounts:
    found = Accounts(str(config.accounts))
    for account in ACCOUNTS:
        found.add(account, PASSWORD)
    return found


@pytest.fixture
def app(config: Config, accounts: Accounts) -> App:  # noqa: ARG001 (the accounts are there before the application)
    return create_app(config)


@pytest.fixture
def acting(app: App, accounts: Accounts) -> As:
    """A client of the application that sends the token of an account."""

    def log_in(account: Account) -> FlaskClient:
        client = app.test_client()
        token = accounts.log_in(account.kind, account.name, PASSWORD, "192.0.2.9").token
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return log_in
