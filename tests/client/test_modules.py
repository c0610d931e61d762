"""Modules of the client that do without the page: putting edits together, snapping, making elements, languages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.client.conftest import ROOT, OpenPage, Project, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Json = dict[str, Any]


@pytest.fixture(scope="module")
def page(browser: "Browser", project: Project) -> Iterator["Page"]:
    """A page whose modules the tests import. None of them changes it."""
    with visiting(browser, f"{project.url}/#/results") as watched:
        yield watched.page
        assert [text for text in watched.problems if not text.endswith("net::ERR_ABORTED")] == []


def document(*elements: Json, **changes: Any) -> Json:
    return {"Name": "form", "Pages": [{"Width": 100, "Height": 50, "Elements": list(elements)}], **changes}


def area(name: str, **changes: Any) -> Json:
    return {"Type": "ClipArea", "Name": name, "Left": 1, "Top": 1, "Width": 9, "Height": 9, **changes}


ONE, TWO, THREE = (area("A", Left=left) for left in (1, 2, 3))
MERGES: list[tuple[str, Json, Json, Json, list[Json], list[str]]] = [
    ("mine alone", document(ONE), document(TWO), document(ONE), [TWO], ["mine"]),
    ("theirs alone", document(ONE), document(ONE), document(THREE), [THREE], ["theirs"]),
    ("both the same one", document(ONE), document(TWO), document(THREE), [TWO], ["both"]),
    ("both alike", document(ONE), document(TWO), document(TWO), [TWO], []),
    (
        "each another",
        document(area("A"), area("B")),
        document(area("A", Left=2), area("B")),
        document(area("A"), area("B", Left=3)),
        [area("A", Left=2), area("B", Left=3)],
        ["mine", "theirs"],
    ),
    (
        "one added, one removed",
        document(area("A"), area("B")),
        document(area("A"), area("B"), area("C")),
        document(area("B")),
        [area("B"), area("C")],
        ["theirs", "mine"],
    ),
    (
        "names that stand twice are kept",
        document(area("A")),
        document(area("A"), area("A", Left=5)),
        document(area("A")),
        [area("A"), area("A", Left=5)],
        ["mine"],
    ),
]


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "elements", "by"), [m[1:] for m in MERGES], ids=[m[0] for m in MERGES]
)
def test_two_edits_are_put_together(
    page: "Page", base: Json, mine: Json, theirs: Json, elements: list[Json], by: list[str]
) -> None:
    found = page.evaluate(
        """async (states) => {
          const { differences, merged } = await import("/ui/editor/merging.js");
          return [merged(...states), differences(...states).map((each) => each.by)];
        }""",
        [base, mine, theirs],
    )
    assert found == [document(*elements), by]


def test_what_both_changed_can_be_taken_from_the_other(page: "Page") -> None:
    states = [document(area("A"), Version="1"), document(area("A", Left=2), Version="2"), document(area("A", Left=3))]
    found = page.evaluate(
        """async (states) => {
          const { differences, merged } = await import("/ui/editor/merging.js");
          return merged(...states, { [differences(...states)[0].key]: "theirs" });
        }""",
        states,
    )
    assert found == document(area("A", Left=3), Version="2")


@pytest.mark.parametrize(
    ("left", "edges", "shift"),
    [
        (22, ["start", "middle", "end"], -2),
        (25, ["start"], 0),
        (27, ["end"], 3),
        (33, ["middle"], 2),
        (60, ["start", "middle", "end"], 0),
    ],
)
def test_edges_and_middles_snap_to_the_nearest_line(page: "Page", left: int, edges: list[str], shift: int) -> None:
    """A box of 10 pixels near another from 20 to 40, within 4."""
    found = page.evaluate(
        """async ([left, edges]) => {
          const { snap, snapLines } = await import("/ui/editor/snapping.js");
          const lines = snapLines([{ left: 20, top: 0, width: 20, height: 5 }], { width: 200, height: 300 });
          return snap({ left, top: 60, width: 10, height: 10 }, { across: edges, down: [] }, lines, 4);
        }""",
        [left, edges],
    )
    assert (found["x"], found["y"]) == (shift, 0)


def test_a_moved_grid_takes_all_that_is_in_it_along(page: "Page") -> None:
    found = page.evaluate(
        """async () => {
          const { movedBy, newElement } = await import("/ui/editor/document.js");
          const grid = newElement("Grid", "G", { left: 10, top: 20, width: 60, height: 100 });
          const places = (element) => [
            [element.Left, element.Top],
            ...(element.Bubbles ?? []).map((bubble) => [bubble.Left, bubble.Top]),
            ...(element.Elements ?? []).flatMap(places),
          ];
          return [places(grid), places(movedBy(grid, 7, -3))];
        }"""
    )
    assert len(found[0]) == 1 + 6 + 6 * 10
    assert [[x + 7, y - 3] for x, y in found[0]] == found[1]


def test_what_has_no_extents_is_where_its_bubbles_are_and_all_that_holds_bubbles_moves_them(page: "Page") -> None:
    bubbles = [{"Value": "A", "Left": "15", "Top": 20}, {"Value": "B", "Left": 40, "Top": "30"}]
    size = {"BubbleWidth": 10, "BubbleHeight": 8}
    empty = {"Left": "0", "Top": "0", "Width": "0", "Height": "0"}
    place = {"Left": 5, "Top": 5, "Width": 80, "Height": 60}
    answer = {"Name": "a", **place, **size, "Bubbles": bubbles}
    question = {"Name": "q", **place, "ScoreAnswers": [answer]}
    elements = [
        {"Type": "CheckBox", **empty, **size, "Bubbles": bubbles},
        {"Type": "CompositeGridOmr:#Vendor.Model", **place, **size, "Bubbles": [bubbles, bubbles]},
        {"Type": "ScoreGroup", **place, "Questions": [question]},
    ]
    kinds, boxes, moved = page.evaluate(
        """async (elements) => {
          const { boxOf, kindOf, movedBy } = await import("/ui/editor/document.js");
          return [elements.map(kindOf), elements.map(boxOf), elements.map((element) => movedBy(element, 7, -3))];
        }""",
        elements,
    )
    assert kinds == ["ChoiceBox", None, None]
    assert boxes[0] == {"left": 15, "top": 20, "width": 35, "height": 18}
    along = [{"Value": "A", "Left": 22, "Top": 17}, {"Value": "B", "Left": 47, "Top": 27}]
    assert moved[0]["Bubbles"] == along
    assert moved[1]["Bubbles"] == [along, along]
    assert moved[2]["Questions"][0]["ScoreAnswers"][0]["Bubbles"] == along


def test_every_message_is_there_in_every_language(page: "Page") -> None:
    files = {file.stem for file in (ROOT / "omrclip" / "web" / "ui" / "messages").glob("*.js")}
    languages, keys, places = page.evaluate(
        """async () => {
          const { LANGUAGES } = await import("/ui/messages.js");
          const table = async ([tag]) => (await import(`/ui/messages/${tag}.js`)).default;
          const tables = await Promise.all(LANGUAGES.map(table));
          const form = (text) => [text.split("|").length, ...new Set(text.match(/\\{\\w+\\}/g) ?? [])].sort();
          return [
            LANGUAGES.map(([tag]) => tag),
            tables.map((table) => Object.keys(table)),
            Object.keys(tables[0]).map((key) => tables.map((table) => form(table[key] ?? ""))),
          ];
        }"""
    )
    assert set(languages) == files
    for other in keys[1:]:
        assert sorted(other) == sorted(keys[0])
    assert [told for told in places if any(one != told[0] for one in told)] == []


def test_the_language_can_be_chosen_and_stays(visit: OpenPage) -> None:
    page = visit("results").page
    for tag, heading in (("de", "Ergebnisse"), ("es", "Resultados"), ("fr", "Résultats")):
        page.locator("select[aria-label]").first.select_option(tag)
        page.get_by_role("heading", name=heading).wait_for()
        assert page.evaluate("document.documentElement.lang") == tag
    page.reload()
    page.get_by_role("heading", name=heading).wait_for()


def test_the_theme_can_be_chosen_and_stays(visit: OpenPage) -> None:
    page = visit("results").page
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Light or dark").click()
    dark = page.evaluate(colour)
    assert dark != light
    page.reload()
    page.get_by_role("heading", name="Results").wait_for()
    assert page.evaluate(colour) == dark
