"""Parses host names and origins of the Host and Origin headers and of settings, with one strict grammar."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import Final

# RFC 9110, section 7.2, without percent-encoding, user names and non-ASCII names, which are not needed here.
_HOST: Final = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?", re.ASCII)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of an address (RFC 6454, section 4).

    Attributes:
        host: in lower case; an IPv6 address without brackets, in its canonical form.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, scheme: str, host: str) -> "Origin | None":
        """The origin of a scheme and a Host header, or None if one of them is not valid."""
        found = _HOST.fullmatch(host)
        if found is None or scheme not in _DEFAULT_PORTS:
            return None
        name, port = found[1].lower(), int(found[2] or _DEFAULT_PORTS[scheme])
        if name.startswith("["):
            name = _canonical(name[1:-1])
        return cls(scheme, name, port) if name and 1 <= port <= 65535 else None

    @classmethod
    def parse(cls, text: str) -> "Origin | None":
        """The origin of an Origin header, or None for `null` and invalid values."""
        scheme, separator, host = text.partition("://")
        return cls.of(scheme.lower(), host) if separator else None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def _canonical(address: str) -> str:
    try:
        return str(IPv6Address(address))
    except AddressValueError:
        return ""
