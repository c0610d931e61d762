"""Recognition of many scans on this machine."""
