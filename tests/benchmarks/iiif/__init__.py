"""The image server beside iipsrv: requests per second, milliseconds, and memory."""
