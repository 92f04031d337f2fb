"""Where a page shows what a terminal shows, a terminal shows it."""

import pytest

from documented import ROOT
from replay import lasting, replayed


@pytest.mark.parametrize("page", ["buy-a-number", "bill"])
def test_what_a_page_shows_is_what_its_reader_sees(page: str, database_url: str) -> None:
    """Line for line, but for ids and dates; `python tests/replay.py PAGE` writes a page anew."""
    path = ROOT / "docs" / "howto" / f"{page}.md"

    assert lasting(replayed(path, database_url)) == lasting(path.read_text("utf-8"))
