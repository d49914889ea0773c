"""What a report writes: every format, the same bytes, a commentary checked and never lost, nothing half-written."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pandas as pd
import pytest

import attribution as at
from attribution.book import Words
from attribution.report import fonts, write
from attribution.report.content import build_content
from attribution.report.pdf import NO_PDF, PangoMissingError
from riskmodel.errors import InputError
from tests.conftest import SMALL_MONTH

FIRST = "<!-- commentary 2025-03 en -->\n\n# Title\n\n"
RETURN = "(<#performance|Major 100|return>)"


@pytest.fixture(scope="module")
def content(small_book, small_market, small_model):
    return build_content(small_book, small_market, small_model, SMALL_MONTH)


@pytest.fixture
def run(monkeypatch, small_book, content, tmp_path):
    """Write the small month into a folder, computed once for all tests."""
    monkeypatch.setattr(write, "prepared", lambda *arguments, **options: (content, ()))

    def report(**options):
        given = {"month": SMALL_MONTH, "out": tmp_path / "out", "languages": ["en"], "formats": ["xlsx"]} | options
        return at.report(small_book, **given)

    return report


def test_every_file_is_listed_with_the_hash_that_it_has(run, tmp_path):
    written = run(languages=["ja", "en"], formats=["html", "pdf", "xlsx"])
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names == set(written.paths)
    if not written.remarks:
        assert {"report.ja.pdf", "report.en.pdf"} <= names
    assert {"report.ja.html", "report.en.html", "report.xlsx", "commentary.ja.md", "commentary.en.md"} <= names
    assert {f"tables/{name}.csv" for name in written.tables} <= names
    listed = json.loads((tmp_path / "out" / "manifest.json").read_text())["outputs"]
    assert set(listed) == names - {"manifest.json"}
    for name, digest in listed.items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest


def test_two_runs_write_the_same_bytes(run, tmp_path):
    for folder in ("one", "two"):
        run(out=tmp_path / folder, languages=["ja"], formats=["html", "pdf", "xlsx"])
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes(), path.name


def test_only_the_formats_asked_for_are_written_and_those_of_an_earlier_run_go(run, tmp_path):
    run(formats=["html", "xlsx"])
    assert (tmp_path / "out" / "report.en.html").exists()
    assert "report.en.html" not in run(formats=["xlsx"]).paths
    assert not (tmp_path / "out" / "report.en.html").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["html", "docx"]}, "format 'docx': the report is written in html and pdf and xlsx."),
        ({"formats": []}, "format none"),
        ({"languages": ["fr"]}, "language 'fr': the report is written in ja and en."),
    ],
)
def test_formats_and_languages_that_it_does_not_have_are_refused(run, options, message):
    with pytest.raises(InputError) as error:
        run(**options)
    assert message in str(error.value)


def test_where_pango_is_missing_everything_else_is_written_and_one_line_says_what_to_install(run, monkeypatch, tmp_path):
    class Job:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def send(self, page):
            pass

        def result(self):
            raise PangoMissingError(NO_PDF)

    monkeypatch.setattr(write, "start_pdf", Job)
    written = run(languages=["ja", "en"], formats=["html", "pdf", "xlsx"])
    assert written.remarks == (NO_PDF,)
    assert {"report.ja.html", "report.en.html", "report.xlsx"} <= set(written.paths)
    assert not list((tmp_path / "out").glob("*.pdf"))


def test_a_character_without_a_glyph_leaves_nothing_behind(run, content, monkeypatch, tmp_path):
    named = Words(ja="ロケット", en="Rocket \U0001f680 fund")
    book = content.book.model_copy(update={"book": content.book.book.model_copy(update={"name": named})})
    odd = dataclasses.replace(content, book=book)
    monkeypatch.setattr(write, "prepared", lambda *arguments, **options: (odd, ()))
    with pytest.raises(InputError, match=r"no glyph for 1 character: U\+1F680 .* in 'Rocket . fund"):
        run(formats=["html"])
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- the commentary that comes back


def test_an_edited_commentary_stands_in_the_page_and_beside_it(run, tmp_path):
    edited = tmp_path / "edited.md"
    edited.write_text(f"{FIRST}We are glad: [+11.79%]{RETURN}.\n", encoding="utf-8")
    run(formats=["html"], commentary=[edited])
    page = (tmp_path / "out" / "report.en.html").read_text(encoding="utf-8")
    assert "We are glad" in page
    assert (tmp_path / "out" / "commentary.en.md").read_text(encoding="utf-8") == edited.read_text(encoding="utf-8")


def test_a_figure_that_does_not_hold_is_named_with_the_right_one_and_nothing_is_written(run, tmp_path):
    edited = tmp_path / "edited.md"
    edited.write_text(f"{FIRST}The course returned [+11.97%]{RETURN}.\n", encoding="utf-8")
    written = run(commentary=[edited])
    assert list(written.findings["right"]) == ["+11.79%"]
    assert written.findings.loc[0, "line"] == 5
    assert written.paths == {}
    assert not (tmp_path / "out").exists()


def test_an_edited_file_in_the_folder_is_not_written_over(run, tmp_path):
    run()
    path = tmp_path / "out" / "commentary.en.md"
    path.write_text(path.read_text(encoding="utf-8") + "\nAn evening's work.\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        run()
    assert "commentary.en.md" in str(error.value)
    assert f"--commentary {path}" in str(error.value)
    assert "An evening's work." in path.read_text(encoding="utf-8")
    run(commentary=[path])
    assert "An evening's work." in path.read_text(encoding="utf-8")
    run(commentary=[path])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- commentary 2025-02 en -->\n", "is of 2025-02, the report of 2025-03"),
        ("<!-- commentary 2025-03 ja -->\n", "is in 'ja', the report in en. Add it: --lang ja"),
        ("no first line\n", "<!-- commentary"),
    ],
)
def test_a_commentary_of_something_else_is_refused_before_any_work(run, monkeypatch, tmp_path, text, message):
    monkeypatch.setattr(write, "prepared", lambda *arguments, **options: pytest.fail("the month was computed"))
    edited = tmp_path / "edited.md"
    edited.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        run(commentary=[edited])
    assert message in str(error.value)


def test_two_commentaries_of_one_language_are_refused(run, tmp_path):
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(FIRST, encoding="utf-8")
    with pytest.raises(InputError, match=r"two commentaries in 'en': .*a\.md.*b\.md.*Give one"):
        run(commentary=[tmp_path / "a.md", tmp_path / "b.md"])


def test_a_commentary_that_is_not_there_is_refused(run, tmp_path):
    with pytest.raises(InputError, match=r"--commentary: cannot read '.*none\.md' \(No such file"):
        run(commentary=[tmp_path / "none.md"])


# ---------------------------------------------------------------- the pieces


def test_the_pieces_can_be_had_one_by_one(content):
    assert isinstance(at.report.tables(content)["performance"], pd.DataFrame)
    figures = at.report.charts(content, lang="ja")
    assert "cumulative" in figures
    assert all(figure.get_axes() for figure in figures.values())
    assert at.report.commentary(content, lang="ja").startswith("<!-- commentary 2025-03 ja -->")


def test_fonts_of_a_page_for_the_screen_are_packed(content, run, tmp_path):
    run(formats=["html"])
    page = (tmp_path / "out" / "report.en.html").read_text(encoding="utf-8")
    assert fonts.PLACE not in page
    assert page.count("data:font/woff;base64,") == 2
