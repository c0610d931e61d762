"""Finding a template page in a scan. The entry point is `find.register`."""
