"""An application with users and clients in two workspaces, as in the tests of log-in."""

from tests.web.auth.conftest import accounts, acting, app, config

__all__ = ["accounts", "acting", "app", "config"]
