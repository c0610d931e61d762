"""Every JSON boundary, as marshmallow schemas that load to frozen dataclasses."""
