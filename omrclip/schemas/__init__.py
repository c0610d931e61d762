"""Marshmallow schemas for all JSON, in and out. They load to frozen dataclasses."""
