import json
from dataclasses import replace
from pathlib import Path

import pytest

from omrclip.errors import InvalidRequest, InvalidTemplate, NotFound, PreconditionFailed
from omrclip.omr.template import Template
from omrclip.storage.blobs import Precondition
from omrclip.storage.templates import TemplateStore

DOCUMENT = json.dumps(
    {
        "Version": "1.0",
        "Name": "Form",
        "Kept": {"as": "it is"},
        "Pages": [{"Height": 200, "Width": 300, "Elements": []}],
    }
).encode()


@pytest.fixture
def store(tmp_path: Path) -> TemplateStore:
    return TemplateStore(str(tmp_path))


@pytest.mark.parametrize("name", ["form", "form.omr"])
def test_templates_are_stored_as_they_came_under_either_name(store: TemplateStore, tmp_path: Path, name: str) -> None:
    stored, is_new = store.write(name, DOCUMENT)
    assert (stored.name, is_new, stored.template.name) == ("form", True, "Form")
    assert (tmp_path / "form.omr").read_bytes() == DOCUMENT
    assert list(store.names()) == ["form"]
    assert store.read("form") == store.read("form.omr") == stored


def test_what_is_no_template_is_not_stored(store: TemplateStore) -> None:
    with pytest.raises(InvalidTemplate, match="Pages"):
        store.write("form", b"{}")
    with pytest.raises(InvalidRequest, match="cannot be a name"):
        store.write("../form", DOCUMENT)
    assert list(store.names()) == []
    with pytest.raises(NotFound, match="There is no template named 'form'"):
        store.read("form")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff"])
def test_the_page_image_lies_beside_under_the_same_stem(store: TemplateStore, tmp_path: Path, suffix: str) -> None:
    store.write("form", DOCUMENT)
    assert store.page_image("form") is None
    (tmp_path / f"form{suffix}").write_bytes(b"image")
    assert store.page_image("form") == store.page_image("form.omr") == b"image"


def test_a_change_keeps_what_it_does_not_touch(store: TemplateStore) -> None:
    first, _ = store.write("form", DOCUMENT)

    def rename(template: Template) -> Template:
        return replace(template, name="Renamed")

    seen = Precondition(match=frozenset({first.blob.etag}), must_match=True)
    changed = store.change("form", rename, seen)
    assert changed == store.read("form")
    assert json.loads(changed.blob.data) == {**json.loads(DOCUMENT), "Name": "Renamed"}
    with pytest.raises(PreconditionFailed, match="changed by someone else"):
        store.change("form", rename, seen)


def test_deleting_leaves_the_page_image(store: TemplateStore, tmp_path: Path) -> None:
    store.write("form", DOCUMENT)
    (tmp_path / "form.png").write_bytes(b"image")
    store.delete("form.omr")
    assert list(store.names()) == []
    assert (tmp_path / "form.png").exists()
