import dataclasses
from pathlib import Path

import platformdirs
import pytest

from omrclip.config import ACCOUNTS_NAME, STORES, Config, is_loopback, settings, variable
from omrclip.errors import ConfigurationError
from omrclip.limits import Limits
from omrclip.origins import Origin

HOME = {"OMRCLIP_HOME": "home"}
AT_HOME = dataclasses.replace(
    Config(),
    home="home",
    templates="home/templates",
    images="home/images",
    results="home/results",
    accounts="home/accounts.sqlite",
)


def test_other_variables_are_not_read() -> None:
    assert Config.from_env({"PATH": "/bin", "OMRCLIP": "x", **HOME}) == AT_HOME


def test_without_variables_the_stores_are_in_the_platforms_folder_for_data() -> None:
    home = platformdirs.user_data_dir("omrclip", appauthor=False)
    stores = {name: str(Path(home, name)) for name in STORES} | {"accounts": str(Path(home, ACCOUNTS_NAME))}
    assert Config.from_env({}) == dataclasses.replace(Config(), home=home, **stores)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "OMRCLIP_HOME",
            "a b",
            {
                "home": "a b",
                "templates": "a b/templates",
                "images": "a b/images",
                "results": "a b/results",
                "accounts": "a b/accounts.sqlite",
            },
        ),
        ("OMRCLIP_TEMPLATES", "memory://t", {"templates": "memory://t"}),
        ("OMRCLIP_IMAGES", "scans", {"images": "scans"}),
        ("OMRCLIP_HOST", "::1", {"host": "::1"}),
        ("OMRCLIP_PORT", "9000", {"port": 9000}),
        ("OMRCLIP_ACCOUNTS", "keys/a.sqlite", {"accounts": "keys/a.sqlite"}),
        ("OMRCLIP_OIDC_ISSUER", "https://login.example/realms/a/", {"oidc_issuer": "https://login.example/realms/a/"}),
        ("OMRCLIP_OIDC_CLIENT_ID", "omrclip", {"oidc_client_id": "omrclip"}),
        ("OMRCLIP_OIDC_SECRET_FILE", "keys/secret", {"oidc_secret_file": "keys/secret"}),
        ("OMRCLIP_OIDC_ALLOWED", "groups=teachers", {"oidc_allowed": "groups=teachers"}),
        ("OMRCLIP_OIDC_SCOPES", "read", {"oidc_scopes": "read"}),
        (
            "OMRCLIP_VIEWERS",
            "https://v.example, http://[::1]:81",
            {"viewers": (Origin("https", "v.example", 443), Origin("http", "::1", 81))},
        ),
        ("OMRCLIP_ALLOW_REMOTE", "Yes", {"allow_remote": True}),
        ("OMRCLIP_ALLOW_REMOTE", "0", {"allow_remote": False}),
        ("OMRCLIP_WORKERS", "3", {"workers": 3}),
        ("OMRCLIP_THREADS", "16", {"threads": 16}),
        ("OMRCLIP_REQUEST_SECONDS", "60", {"request_seconds": 60}),
        ("OMRCLIP_BODY_SECONDS", "30", {"body_seconds": 30}),
        ("OMRCLIP_PUBLIC_URL", "https://forms.example/omr/", {"public_url": "https://forms.example/omr"}),
        (
            "OMRCLIP_ALLOWED_HOSTS",
            "Forms.example, 10.0.0.5:8080,[::2]",
            {"allowed_hosts": ("forms.example", "10.0.0.5", "::2")},
        ),
        ("OMRCLIP_RESULTS", "memory://r", {"results": "memory://r"}),
        ("OMRCLIP_KEEP_SECONDS", "60", {"keep_seconds": 60}),
        ("OMRCLIP_MAX_KEEP_SECONDS", "90", {"max_keep_seconds": 90}),
        ("OMRCLIP_KEPT_BYTES", "1048576", {"kept_bytes": 1_048_576}),
        ("OMRCLIP_BATCH_BYTES", "1048576", {"batch_bytes": 1_048_576}),
        ("OMRCLIP_CLOUD_BYTES", "1048576", {"cloud_bytes": 1_048_576}),
        ("OMRCLIP_CLOUD_CLIPS", "1", {"cloud_clips": True}),
        ("OMRCLIP_CLOUD_FILE_BYTES", "1048576", {"cloud_file_bytes": 1_048_576}),
        ("OMRCLIP_GRACE_SECONDS", "0", {"grace_seconds": 0}),
        ("OMRCLIP_MEMORY_BYTES", "134217728", {"memory_bytes": 134_217_728}),
        ("OMRCLIP_CACHE_FOLDER", "/var/cache/omrclip", {"cache_folder": "/var/cache/omrclip"}),
        ("OMRCLIP_CACHE_FOLDER_BYTES", "1048576", {"cache_folder_bytes": 1_048_576}),
        ("OMRCLIP_CACHE_CONTROL", "no-cache", {"cache_control": "no-cache"}),
        ("OMRCLIP_DECODE_WAIT_SECONDS", "0", {"decode_wait_seconds": 0}),
        ("OMRCLIP_RIGHTS", "https://rights.example/1", {"rights": "https://rights.example/1"}),
        ("OMRCLIP_CLIP_FORMAT", "jpg", {"clip_format": "jpg"}),
        ("OMRCLIP_OCR_COMMAND", "off", {"ocr_command": None}),
        ("OMRCLIP_OCR_LANGUAGES", "eng+deu", {"ocr_languages": "eng+deu"}),
        ("OMRCLIP_TRUSTED_PROXIES", "2", {"trusted_proxies": 2}),
        ("OMRCLIP_MAX_OUTPUT_SIDE", "10", {"limits": Limits(max_output_side=10)}),
        ("OMRCLIP_REFUSE_LARGE_BEST_FIT", "yes", {"limits": Limits(refuse_large_best_fit=True)}),
        ("OMRCLIP_MAX_JSON_VALUES", "1000", {"limits": Limits(max_json_values=1000)}),
        ("OMRCLIP_MAX_ELEMENTS", "5", {"limits": Limits(max_elements=5)}),
        ("OMRCLIP_MAX_CLIPS", "6", {"limits": Limits(max_clips=6)}),
        ("OMRCLIP_MAX_CLIP_PIXELS", "7", {"limits": Limits(max_clip_pixels=7)}),
        ("OMRCLIP_MAX_CLIP_BYTES", "8", {"limits": Limits(max_clip_bytes=8)}),
        ("OMRCLIP_MAX_BODY_BYTES", "2048", {"limits": Limits(max_body_bytes=2048)}),
        ("OMRCLIP_MAX_IMAGES", "7", {"limits": Limits(max_images=7)}),
        ("OMRCLIP_MAX_IMAGE_PIXELS", "8", {"limits": Limits(max_image_pixels=8)}),
        ("OMRCLIP_MAX_OUTPUT_PIXELS", "9", {"limits": Limits(max_output_pixels=9)}),
    ],
)
def test_each_setting_has_its_variable(name: str, text: str, expected: dict[str, object]) -> None:
    assert Config.from_env({**HOME, name: text}) == dataclasses.replace(AT_HOME, **expected)  # type: ignore[arg-type]


def test_a_rights_uri_is_kept_to_the_letter() -> None:
    licence = "http://creativecommons.org/licenses/by/4.0/"
    assert Config.from_env({"OMRCLIP_RIGHTS": licence}).rights == licence


def test_the_rows_above_are_all_settings() -> None:
    marks = test_each_setting_has_its_variable.pytestmark[0]  # type: ignore[attr-defined]
    assert {row[0] for row in marks.args[1]} == {variable(setting) for setting in settings()}


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        Config.from_env(
            {
                "OMRCLIP_PORT": "http",
                "OMRCLIP_THREADS": "0",
                "OMRCLIP_WORKERS": "٣",
                "OMRCLIP_ALLOW_REMOTE": "maybe",
                "OMRCLIP_PUBLIC_URL": "forms.example",
                "OMRCLIP_TEMPLATES": " ",
                "OMRCLIP_HOME": "s3://bucket",
                "OMRCLIP_OCR_COMMAND": " ",
                "OMRCLIP_OCR_LANGUAGES": "eng --psm",
                "OMRCLIP_PROT": "80",
            }
        )
    assert refused.value.details["problems"] == [
        "OMRCLIP_PROT is not a setting",
        "OMRCLIP_HOME must be a folder of this machine, not 's3://bucket'",
        "OMRCLIP_TEMPLATES must be not empty, not ' '",
        "OMRCLIP_PORT must be a whole number from 1 to 65535, not 'http'",
        "OMRCLIP_ALLOW_REMOTE must be one of 1, true, yes, 0, false, no, not 'maybe'",
        "OMRCLIP_WORKERS must be a whole number from 1 to 256, not '٣'",
        "OMRCLIP_THREADS must be a whole number from 1 to 256, not '0'",
        "OMRCLIP_PUBLIC_URL must be a URL that begins with http:// or https://, with a host and at most a port and a "
        "plain path, not 'forms.example'",
        "OMRCLIP_OCR_COMMAND must be not empty, not ' '",
        "OMRCLIP_OCR_LANGUAGES must be names of languages with plus signs between them, such as eng+deu, not "
        "'eng --psm'",
    ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("forms.example", False),
        ("", False),
    ],
)
def test_loopback_addresses_are_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    "text",
    [
        "javascript://a",
        "https://",
        "https://a b",
        "http://a/?x",
        "http://u@a",
        'http://"',
        "http://a:0",
        "http://a/\nX: y",
    ],
)
def test_a_public_url_keeps_to_a_strict_grammar(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Config.from_env({"OMRCLIP_PUBLIC_URL": text})


@pytest.mark.parametrize("text", ["", "a,", "http://a", "a/b", "[::1", '"', "a_b"])
def test_allowed_hosts_keep_to_a_strict_grammar(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Config.from_env({"OMRCLIP_ALLOWED_HOSTS": text})
