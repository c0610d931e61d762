"""A small shuffled stack of three templates: each page is at its template and booklet, or its problem is named."""

from pathlib import Path

from tests.benchmarks.stacks import run


def test_no_page_of_a_shuffled_stack_is_silently_wrong(tmp_path: Path) -> None:
    told = run(tmp_path, 24, 2)
    assert not [what for what in told if what.startswith("wrong")]
    assert told["at its template and page"] == 23
    assert told["failed, as it should"] == 1
    assert told["booklets with a named problem"] == 3
    assert told["in no booklet, and named"] == 3
