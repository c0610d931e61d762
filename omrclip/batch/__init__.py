"""Many scans: the same recognition, several at a time."""
