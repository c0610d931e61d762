"""The files of the server guide are accepted by the programs that read them, where these are installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from omrclip.config import Config, settings, variable
from tests.docs.examples import PAGES, ROOT, blocks
from tests.patience import PATIENCE

GUIDE = ROOT / "docs" / "guide" / "server.md"


def block(language: str) -> str:
    (found,) = (each.text for each in blocks(GUIDE) if each.language == language)
    return found


def checked(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "omrclip.service"
    # The program of the unit is not installed here.
    unit.write_text(block("ini").replace("/opt/omrclip/bin/omrclip", "/bin/true") + "\n")
    assert "omrclip.service" not in checked("systemd-analyze", "verify", unit)


@pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("openssl")), reason="nginx or openssl is not installed")
def test_nginx_takes_the_site(tmp_path: Path) -> None:
    site = block("nginx")
    pem, key = tmp_path / "forms.pem", tmp_path / "forms.key"
    checked(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=forms.example",
        "-keyout",
        key,
        "-out",
        pem,
    )
    site = site.replace("/etc/ssl/forms.example.pem", str(pem)).replace("/etc/ssl/private/forms.example.key", str(key))
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{site}\n}}\n"
    )
    assert "test is successful" in checked("nginx", "-t", "-c", whole, "-p", tmp_path)


def test_the_sizes_and_times_are_those_of_the_settings() -> None:
    site = block("nginx")
    (body,) = re.findall(r"client_max_body_size (\d+)m;", site)
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", site)
    assert int(body) == -(-Config().most_body_bytes // 2**20)
    assert int(seconds) > Config().request_seconds
    assert f":{Config().port};" in site


def test_every_variable_that_a_page_names_is_a_setting() -> None:
    known = {variable(setting) for setting in settings()}
    for page in PAGES:
        named = set(re.findall(r"OMRCLIP_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8")))
        assert named <= known, page
