"""Log-in: the permissions for each route, and the routes for logging in and for signed links."""
