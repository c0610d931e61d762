"""Settings with their environment variables, defaults and descriptions.

The environment is not read at import. `Config.from_env` reads it and reports all problems at once.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from omrclip.errors import ConfigurationError
from omrclip.limits import MEBIBYTE, Limits, as_setting, switch, whole_number
from omrclip.origins import Origin

DEFAULT_MEMORY_BYTES = 1024 * MEBIBYTE
OFF: Final = "off"
OCR_COMMAND: Final = "tesseract"
STORES: Final = ("templates", "images", "results")
"""The settings that name folders which are in the home folder by default."""
ACCOUNTS_NAME: Final = "accounts.sqlite"
WORKSPACES_FOLDER: Final = ".workspaces"
"""The folder of each store that holds the workspaces with a name. Names of stored files cannot begin with a dot."""


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("not empty")
    return text


def _local_folder(text: str) -> str:
    if not text.strip() or "://" in text:
        raise ValueError("a folder of this machine")
    return text


def _command(text: str) -> str | None:
    return None if text.strip() == OFF else _text(text)


_LANGUAGES = re.compile(r"\w[\w/-]*(\+\w[\w/-]*)*", re.ASCII)


def _languages(text: str) -> str:
    if not _LANGUAGES.fullmatch(text):
        raise ValueError("names of languages with plus signs between them, such as eng+deu")
    return text


def _claim(text: str) -> str:
    name, separator, value = text.partition("=")
    if not (name.strip() and separator and value.strip()):
        raise ValueError("the name of a claim, an equals sign and a value, such as groups=teachers")
    return text


_BASE_URL = re.compile(r"(https?)://([^/]+)((?:/[A-Za-z0-9._~-]+)*)/*", re.ASCII)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return parse


def _base_url(text: str) -> str:
    found = _BASE_URL.fullmatch(text)
    if found is None or Origin.of(found[1], found[2]) is None:
        raise ValueError("a URL that begins with http:// or https://, with a host and at most a port and a plain path")
    return f"{found[1]}://{found[2]}{found[3]}"


def _host_names(text: str) -> tuple[str, ...]:
    origins = [Origin.of("http", name.strip()) for name in text.split(",")]
    if None in origins:
        raise ValueError("host names or addresses with commas between them, an IPv6 address in brackets")
    return tuple(origin.host for origin in origins if origin is not None)


def _origins(text: str) -> tuple[Origin, ...]:
    origins = [Origin.parse(one.strip()) for one in text.split(",")]
    if None in origins:
        raise ValueError("origins with commas between them, such as https://viewer.example.org")
    return tuple(origin for origin in origins if origin is not None)


def _uri(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("a URI that begins with http:// or https://")
    return text


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one process. `limits` is flattened into the same environment variables."""

    home: str | None = as_setting(
        None,
        _local_folder,
        "The home folder, which contains the next three folders unless they are set. If not set: the platform's folder "
        "for application data, such as `~/.local/share/omrclip` on Linux. `omrclip serve` prints it.",
    )
    templates: str = as_setting(
        "templates",
        _text,
        "Folder of the templates and their page images, or any URL that fsspec supports. The default is in the home "
        "folder.",
    )
    images: str = as_setting(
        "images",
        _text,
        "Folder of the images that are served under `/iiif/`, or any URL that fsspec supports. The default is in the "
        "home folder.",
    )
    results: str = as_setting(
        "results",
        _text,
        "Folder of stored recognitions, or any URL that fsspec supports. Only recognitions whose request asks"
        " for it are stored. The default is in the home folder.",
    )
    accounts: str | None = as_setting(
        None,
        _local_folder,
        "File of the users and clients that may use the service (see `docs/guide/log-in.md`). If not set: "
        "`accounts.sqlite` in the home folder.",
    )
    oidc_issuer: str | None = as_setting(
        None,
        _uri,
        "Issuer of OpenID Connect at which people log in, such as `https://login.example.org/realms/school`. It needs "
        "the next three settings and `omrclip[oidc]` (see `docs/guide/log-in.md`).",
    )
    oidc_client_id: str | None = as_setting(None, _text, "Client ID that the issuer has given to this server.")
    oidc_secret_file: str | None = as_setting(None, _local_folder, "File with the client secret from the issuer.")
    oidc_allowed: str | None = as_setting(
        None,
        _claim,
        "Claim and value that people need to log in by OpenID Connect, such as `groups=teachers`, or "
        "`email=@example.org` for all verified e-mail addresses of a domain.",
    )
    oidc_scopes: str = as_setting(
        "read,recognize,author", _text, "Scopes of users who log in by OpenID Connect for the first time."
    )
    viewers: tuple[Origin, ...] = as_setting(
        (),
        _origins,
        "Origins of IIIF viewers on other sites that may show images to people who are logged in, separated by commas, "
        "such as `https://viewer.example.org` (see `docs/guide/log-in.md`).",
    )
    keep_seconds: int = as_setting(
        86_400, whole_number(1, 10**9), "How long a recognition is stored if the request does not say how long."
    )
    max_keep_seconds: int = as_setting(
        31 * 86_400, whole_number(1, 10**9), "The longest time for which a request can have a recognition stored."
    )
    kept_bytes: int = as_setting(
        20 * 2**30,
        whole_number(2**20, 2**60),
        "Maximum size of all stored recognitions in bytes, including expired ones that are not removed yet.",
    )
    batch_bytes: int = as_setting(
        100 * 2**30,
        whole_number(2**20, 2**60),
        "Maximum size of the documents and results of all batches of a workspace in bytes. Documents are refused "
        "beyond it.",
    )
    cloud_bytes: int = as_setting(
        2 * 2**30,
        whole_number(2**20, 2**60),
        "Maximum size of the tasks of the OMR cloud protocol of a workspace, and of their results, in bytes. Tasks are "
        "refused beyond it.",
    )
    cloud_clips: bool = as_setting(
        False,
        switch,
        "Whether results of version 5.0 of the OMR cloud protocol contain the clips, as JPEG files after the answers.",
    )
    cloud_file_bytes: int = as_setting(
        10 * 2**30,
        whole_number(2**20, 2**60),
        "Maximum size in bytes of the files and corrected templates that clients of the OMR cloud protocol store in a "
        "workspace. Files are refused beyond it.",
    )
    grace_seconds: int = as_setting(
        86_400,
        whole_number(0, 10**9),
        "How long an expired recognition or batch is set aside before it is removed, measured on a clock that cannot "
        "be set.",
    )
    host: str = as_setting("127.0.0.1", _text, "Address that `omrclip serve` listens on.")
    port: int = as_setting(8080, whole_number(1, 65535), "Port that `omrclip serve` listens on.")
    allow_remote: bool = as_setting(
        False,
        switch,
        "Whether `omrclip serve` may listen on addresses that other machines can reach. It then needs at least one "
        "user or client, and nobody can use it without a log-in.",
    )
    workers: int | None = as_setting(
        None,
        whole_number(1, 256),
        "Number of server processes, and of processes that recognize a batch. If not set: 2 server processes on a "
        "machine with two processors or more, else 1; and one process for each processor in a batch.",
    )
    threads: int = as_setting(
        4,
        whole_number(1, 256),
        "Number of requests that decode or recognize images at a time in one server process. Other requests "
        "do not count.",
    )
    request_seconds: int = as_setting(
        300,
        whole_number(1, 86_400),
        "Time limit for the work on one request, including the time that it waits in the queue.",
    )
    body_seconds: int = as_setting(
        600, whole_number(1, 86_400), "Time limit for receiving a request body, and for a client to read an answer."
    )
    public_url: str | None = as_setting(
        None, _base_url, "Base URL under which clients reach the service, if it is behind a proxy."
    )
    allowed_hosts: tuple[str, ...] = as_setting(
        (),
        _host_names,
        "Host names and addresses under which clients reach the service, separated by commas. localhost, "
        "loopback addresses and the host of OMRCLIP_PUBLIC_URL are always allowed. Requests to other hosts "
        "are answered 421.",
    )
    memory_bytes: int = as_setting(
        DEFAULT_MEMORY_BYTES,
        whole_number(128 * MEBIBYTE, 2**44),
        "Memory that one server process may use for caches and running work.",
    )
    cache_folder: str | None = as_setting(
        None,
        _text,
        "Folder in which server processes share rendered images and facts about image files. If not set, "
        "they are cached in memory only.",
    )
    cache_folder_bytes: int = as_setting(
        2**30, whole_number(2**20, 2**50), "Maximum size of the cache folder in bytes."
    )
    cache_control: str = as_setting(
        "private, max-age=3600",
        _text,
        "The Cache-Control header of stored images and their info.json under `/iiif/`. `public, max-age=3600`"
        " lets proxies store them.",
    )
    decode_wait_seconds: int = as_setting(
        5, whole_number(0, 600), "How long a request waits for memory to decode an image, before it is answered 503."
    )
    clip_format: str | None = as_setting(
        None,
        _one_of("jpg", "png", "webp", "tif"),
        "Format of clips if a request names none. If not set: JPEG in files named `.png` (see `docs/formats.md`).",
    )
    ocr_command: str | None = as_setting(
        OCR_COMMAND,
        _command,
        "Command of Tesseract, which reads the print on blank pages to name their fields (see "
        "`docs/guide/blank-page.md`). If the default is not installed, names are numbers. `off` switches it off.",
    )
    ocr_languages: str = as_setting(
        "eng", _languages, "Languages of the print on blank pages, by their names in Tesseract, such as `eng+deu`."
    )
    rights: str | None = as_setting(None, _uri, "URI of a license or rights statement for info.json.")
    trusted_proxies: int = as_setting(
        0,
        whole_number(0, 10),
        "Number of proxies in front of the service whose X-Forwarded headers and X-Request-Id are trusted.",
    )
    limits: Limits = field(default_factory=Limits)

    @property
    def public_origin(self) -> Origin | None:
        """The origin of `public_url`."""
        return Origin.parse("/".join(self.public_url.split("/", 3)[:3])) if self.public_url else None

    def in_workspace(self, name: str) -> "Config":
        """The settings with the stores of a workspace. The empty name stands for the stores of the settings."""
        if not name:
            return self
        own = f"/{WORKSPACES_FOLDER}/{name}"
        return replace(self, templates=self.templates + own, images=self.images + own, results=self.results + own)

    @property
    def needs_accounts(self) -> bool:
        """Whether the service is never open, also while there are no users and clients."""
        return self.is_remote or self.oidc_issuer is not None

    @property
    def is_remote(self) -> bool:
        """Whether other machines can reach the service."""
        return self.allow_remote or not is_loopback(self.host)

    @property
    def most_body_bytes(self) -> int:
        """The largest request body. Until it is answered it takes four times its size, a sixth of the memory."""
        return min(self.limits.max_body_bytes, self.memory_bytes // 24)

    @property
    def processes(self) -> int:
        """The number of server processes, chosen where it is not set."""
        return self.workers or min(2, processors())

    @property
    def batch_processes(self) -> int:
        """The number of processes that recognize a batch: one for each processor where it is not set."""
        return self.workers or processors()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Read the `OMRCLIP_*` variables.

        `home` is always set in the result. Of `templates`, `images` and `results`, those without a variable lie in it.

        Raises:
            ConfigurationError: with every unknown variable and every unusable value.
        """
        given = {name: text for name, text in environ.items() if name.startswith("OMRCLIP_")}
        unknown = sorted(set(given) - {variable(setting) for setting in settings()})
        problems = [f"{name} is not a setting" for name in unknown]
        own: dict[str, Any] = {}
        limits: dict[str, Any] = {}
        for setting in settings():
            text = given.get(variable(setting))
            if text is None:
                continue
            try:
                target = limits if setting in fields(Limits) else own
                target[setting.name] = setting.metadata["parse"](text)
            except ValueError as expected:
                problems.append(f"{variable(setting)} must be {expected}, not {text!r}")
        if problems:
            raise ConfigurationError("The settings are not usable: " + "; ".join(problems) + ".", problems=problems)
        own.setdefault("home", default_home())
        for store in STORES:
            own.setdefault(store, str(Path(own["home"], store)))
        own.setdefault("accounts", str(Path(own["home"], ACCOUNTS_NAME)))
        return cls(**own, limits=Limits(**limits))


def default_home() -> str:
    """The default home folder: omrclip's folder in the platform's folder for application data."""
    import platformdirs

    return platformdirs.user_data_dir("omrclip", appauthor=False)


def settings() -> tuple[Field[Any], ...]:
    """Every setting, in the order of the table in the documentation; metadata has `parse` and `meaning`."""
    return (*(setting for setting in fields(Config) if setting.name != "limits"), *fields(Limits))


def variable(setting: Field[Any]) -> str:
    """The environment variable of a setting: `OMRCLIP_` and its name in capitals."""
    return f"OMRCLIP_{setting.name.upper()}"


def processors() -> int:
    """The number of processors that this process may use; 1 if the system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def is_loopback(host: str) -> bool:
    """Whether a server that listens on `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
