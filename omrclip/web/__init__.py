"""The only Flask code: HTTP in and out, over the same functions as the command line."""
