"""Log-in: who may use which route, and the routes by which users and clients prove who they are."""
