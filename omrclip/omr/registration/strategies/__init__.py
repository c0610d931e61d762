"""The ways to find a candidate map, one a module."""
