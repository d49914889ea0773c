"""Code is known by the digest of its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.code import sources_digest


@pytest.mark.parametrize("name", ["a.py", "rooms/b.py", "rooms/words.toml", "kernel/loops.c"])
def test_a_changed_source_is_another_digest_and_another_place_is_not(tmp_path: Path, name: str) -> None:
    for place in ("one", "two"):
        for file in ("a.py", "rooms/b.py", "rooms/words.toml", "kernel/loops.c"):
            path = tmp_path / place / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("1", encoding="utf-8")
    own = sources_digest(tmp_path / "one")
    assert own and own == sources_digest(tmp_path / "two")
    (tmp_path / "two" / name).write_text("2", encoding="utf-8")
    assert own != sources_digest(tmp_path / "two")


def test_without_sources_there_is_no_digest(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text("1", encoding="utf-8")
    assert sources_digest(tmp_path) == ""
