"""The Flask application: HTTP over the same functions as the command line."""
