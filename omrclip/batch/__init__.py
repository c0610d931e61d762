"""Recognition of many scans, several at a time."""
