"""The settings, stores and caches that the views of an application use. They are stored in `app.extensions`."""

import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import dump_options_header

from omrclip.cache import CacheCounts
from omrclip.config import Config
from omrclip.errors import InvalidRequest, NotFound, StorageUnavailable
from omrclip.serving.derivatives import DerivativeCache
from omrclip.serving.folder import SharedFolder, open_folder
from omrclip.serving.kept_images import KeptImages
from omrclip.serving.page_images import PageImages
from omrclip.serving.sources import OpenImage, SourceCache, open_stored
from omrclip.serving.stored_levels import StoredLevels
from omrclip.storage.accounts import Account, Accounts
from omrclip.storage.batches import Batches
from omrclip.storage.blobs import Blob, Precondition
from omrclip.storage.client_files import ClientFiles
from omrclip.storage.corrections import Corrections
from omrclip.storage.images import ImageStore
from omrclip.storage.kept import KeptRecognitions
from omrclip.storage.receipts import Receipts
from omrclip.storage.templates import TemplateStore
from omrclip.web.auth.provider import Provider
from omrclip.web.batch_images import BatchImages
from omrclip.web.cloud.worker import CloudWorker
from omrclip.web.metrics import Metrics

# Stored recognitions are personal data and expire, so proxies must not cache them.
PRIVATE = "private, no-cache"

ACCOUNT = "omrclip.account"
"""Key of the WSGI environ: the account that sends the request."""
SIGNED = "omrclip.signed"
"""Key of the WSGI environ: the prefix of the path that is a signed link."""
LINKED = "omrclip.linked"
"""The key of the WSGI environ that is set if a signed link gives access, which is to one recognition or image."""

_KEY = "omrclip"


@dataclass(frozen=True, slots=True)
class Services:
    """The settings, stores and caches of one application."""

    config: Config
    templates: TemplateStore
    images: ImageStore
    sources: SourceCache
    derivatives: DerivativeCache
    kept: KeptRecognitions
    kept_images: KeptImages
    receipts: Receipts
    corrections: Corrections
    batches: Batches
    batch_images: BatchImages
    cloud: CloudWorker
    client_files: ClientFiles
    pages: PageImages
    folder: SharedFolder | None
    metrics: Metrics
    accounts: Accounts | None
    provider: Provider | None

    def caches(self) -> dict[str, CacheCounts]:
        """The size and the hit counts of each cache."""
        return _counts(self.sources, self.derivatives)


def install(app: Flask, config: Config) -> None:
    """Open the stores and add them to the application."""
    folder = open_folder(config)
    sources = SourceCache(config, StoredLevels(folder) if folder is not None else None)
    derivatives = DerivativeCache(config, folder)
    metrics = Metrics(lambda: _held(sources, derivatives))
    accounts = None if config.accounts is None else Accounts(config.accounts)
    provider = None if config.oidc_issuer is None else Provider(config)

    def opened(name: str) -> Services:
        own = sources.in_workspace(name)
        return _opened(config.in_workspace(name), own, derivatives, folder, metrics, accounts, provider)

    app.extensions[_KEY] = _Workspaces(opened)
    for name in {"", *_names(accounts)}:  # what expires in a workspace is removed, even if nobody asks for it again
        of(app, name)


class _Workspaces:
    """The Services of each workspace, which are opened at the first request and share caches and memory."""

    def __init__(self, opened: Callable[[str], "Services"]) -> None:
        self._opened = opened
        self._known: dict[str, Services] = {}
        self._lock = threading.Lock()

    def opened(self) -> dict[str, "Services"]:
        """The workspaces that are open now."""
        with self._lock:
            return dict(self._known)

    def of(self, name: str) -> "Services":
        known = self._known.get(name)
        if known is not None:
            return known
        with self._lock:
            if name not in self._known:
                self._known[name] = self._opened(name)
            return self._known[name]


def _names(accounts: Accounts | None) -> list[str]:
    try:
        return [] if accounts is None else accounts.workspaces()
    except StorageUnavailable:
        return []


def _opened(
    config: Config,
    sources: SourceCache,
    derivatives: DerivativeCache,
    folder: SharedFolder | None,
    metrics: Metrics,
    accounts: Accounts | None,
    provider: Provider | None,
) -> Services:
    templates = TemplateStore(config.templates, config.limits)

    def forget(identifier: str) -> None:
        sources.forget(f"{identifier}/")
        derivatives.forget(identifier)

    kept = KeptRecognitions(config, sources.admission, forget)
    if kept.exists():
        kept.start_sweeping()
    cloud = CloudWorker(config, sources.admission, metrics)
    cloud.resume()
    batches = Batches(config)
    return Services(
        config,
        templates,
        ImageStore(config.images, config.limits),
        sources,
        derivatives,
        kept,
        KeptImages(kept, sources),
        Receipts(config),
        Corrections(kept),
        batches,
        BatchImages(batches, sources, config.limits),
        cloud,
        ClientFiles(config),
        PageImages(config.templates, templates, config.limits),
        folder,
        metrics,
        accounts,
        provider,
    )


def _counts(sources: SourceCache, derivatives: DerivativeCache) -> dict[str, CacheCounts]:
    return {"pixels": sources.pixels.counts(), "files": sources.opened.counts(), "derivatives": derivatives.counts()}


def _held(sources: SourceCache, derivatives: DerivativeCache) -> tuple[dict[str, int], int]:
    """The bytes in each cache, and the bytes reserved for decodes."""
    counts = _counts(sources, derivatives)
    return {name: cache.bytes for name, cache in counts.items()}, sources.admission.admitted_bytes


def of(app: Flask, workspace: str = "") -> Services:
    """The services of an application, with the stores of a workspace."""
    found: Services = app.extensions[_KEY].of(workspace)
    return found


def opened(app: Flask) -> dict[str, Services]:
    """The services of the workspaces of an application that were used so far, by their names."""
    found: dict[str, Services] = app.extensions[_KEY].opened()
    return found


def services() -> Services:
    """The services for the current request, with the stores of the workspace of the account that sends it.

    A request without an account, such as one for the page to log in, gets the stores of no workspace with a name. It
    reaches no route that reads them.
    """
    account: Account | None = request.environ.get(ACCOUNT)
    return of(current_app, account.workspace if account else "")


def account_name() -> str | None:
    """The name of the user or client that sends the current request; None on a server without log-in."""
    account: Account | None = request.environ.get(ACCOUNT)
    return account.name or None if account else None


def open_image(identifier: str) -> OpenImage:
    """Open the image of an identifier under `/iiif/`.

    The image is a page or clip of a stored recognition, a sheet of a batch, a page of a template, or a stored image.

    Raises:
        NotFound: no image has this identifier.
        UnsupportedImage, CorruptImage, LimitExceeded: the image cannot be served.
    """
    try:
        kept = (
            services().kept_images.open(identifier)
            or services().batch_images.open(identifier)
            or services().pages.open(identifier, services().sources)
        )
    except NotFound:
        if not services().images.has(identifier):
            raise
        kept = None  # a stored image whose name looks like an identifier of a stored recognition
    return kept or open_stored(services().images, identifier, services().sources)


def base_url() -> str:
    """Scheme, host and prefix under which the client reaches the service, without a trailing slash.

    Under a signed link, the prefix contains its token. So the URIs in the answer are valid for its bearer too.
    """
    public = services().config.public_url
    return public + request.environ.get(SIGNED, "") if public else request.root_url.rstrip("/")


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition with a file name (RFC 6266). Headers are Latin-1, so other names are encoded (RFC 8187).

    Args:
        kind: "attachment" or "inline".
        name: the name of the file.
    """
    if name.isascii():
        return dump_options_header(kind, {"filename": name})
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return dump_options_header(kind, {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"})


def json_body() -> bytes:
    """The body of a request, which must say that it is JSON. Browsers send other types to any site unasked."""
    if not request.is_json:
        raise UnsupportedMediaType("Content-Type: expected application/json")
    return request.get_data()


def precondition(*, must_match: bool) -> Precondition:
    """The precondition of the request's If-Match and If-None-Match (RFC 9110, section 13.1)."""
    match: frozenset[str] | None = None
    if "If-Match" in request.headers:
        match = frozenset({"*"} if request.if_match.star_tag else request.if_match.as_set())
    return Precondition(match=match, absent=request.if_none_match.star_tag, must_match=must_match)


MOST_LISTED = 1000


def number_in_query(name: str, expected: str, most: int = 10**9) -> int | None:
    """A query parameter that is a number from 1 to `most`, or None if the query does not contain it.

    Raises:
        InvalidRequest: it is something else. The error says what was expected.
    """
    text = request.args.get(name)
    if text is None:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= most:
        raise InvalidRequest.at(name, expected)
    return number


def file_answer(blob: Blob, media_type: str) -> Response:
    """Answer a stored file as it was put, or 304 if the client has it."""
    answer = Response(blob.data, mimetype=media_type)
    answer.set_etag(blob.etag)
    answer.make_conditional(request)
    return answer


def listed(key: str, names: Callable[[str], Iterator[str]], described: Callable[[str], dict[str, object]]) -> Response:
    """Answer a page of a list of names.

    The query parameters `limit` and `after` select the page. `Next` and the Link header contain the next page's URI.

    Args:
        key: the key of the list in the answer.
        names: returns the sorted names after a given name.
        described: returns the entry of a name.

    Raises:
        InvalidRequest: `limit` is not a number from 1 to MOST_LISTED.
    """
    limit = number_in_query("limit", f"a number from 1 to {MOST_LISTED}", MOST_LISTED) or MOST_LISTED
    found = list(islice(names(request.args.get("after", "")), limit + 1))
    page, following = found[:limit], None
    if len(found) > limit:
        query = {**request.args.to_dict(), "limit": limit, "after": page[-1]}
        following = f"{base_url()}{request.path}?{urlencode(query)}"
    answer = jsonify({key: [described(name) for name in page], "Next": following})
    if following:
        answer.headers["Link"] = f'<{following}>; rel="next"'
    return answer


# Characters that need no encoding in a path segment (RFC 3986, pchar). The Image API (section 9) also encodes @.
_PLAIN_IN_SEGMENT = ":!$&'()*+,;=~"


def image_uri(identifier: str, version: int = 2) -> str:
    """The base URI of an image, as in its info.json."""
    return image_uri_under(base_url(), identifier, version)


@lru_cache(maxsize=1024)
def image_uri_under(base: str, identifier: str, version: int) -> str:
    """The base URI of an image if the client reaches the service under `base`."""
    return f"{base}/iiif/{version}/{quoted(identifier)}"


def quoted(identifier: str) -> str:
    """An identifier as in the URI of its image."""
    return quote(identifier, safe=_PLAIN_IN_SEGMENT)
