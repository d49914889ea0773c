"""What a report writes: every format, the same bytes, a commentary checked and never lost, nothing half-written."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import importlib.util
import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest

import attribution as at
from attribution.cli import main
from attribution.house_style import fonts
from attribution.portfolio.settings.bound_types import Words
from attribution.reporting import files, write
from attribution.reporting.pdf import NO_PDF, PangoMissingError, PdfError
from riskmodel.errors import InputError
from tests.conftest import SMALL, SMALL_MONTH

FIRST = "<!-- commentary 2025-03 en -->\n\n# Title\n\n"
RETURN = "(<#performance|Major 100|return>)"


@pytest.fixture(scope="module")
def content(lean_content):
    return lean_content


@pytest.fixture
def run(monkeypatch, content, tmp_path):
    """Write the small month into a folder, computed once for all tests."""
    monkeypatch.setattr(write, "prepared", lambda *arguments, **options: (content, ()))

    def report(**options):
        given = {"month": SMALL_MONTH, "out": tmp_path / "out", "languages": ["en"], "formats": ["xlsx"]} | options
        return at.report(content.book, **given)

    return report


def test_every_file_is_listed_with_the_hash_that_it_has(whole_report):
    written = whole_report
    out = written.paths[files.MANIFEST].parent
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == set(written.paths)
    if not written.remarks:
        assert {"report.ja.pdf", "report.en.pdf"} <= names
    assert {"report.ja.html", "report.en.html", "report.xlsx", "commentary.ja.md", "commentary.en.md"} <= names
    assert {f"tables/{name}.csv" for name in written.tables} <= names
    listed = json.loads((out / "manifest.json").read_text())["outputs"]
    assert set(listed) == names - {"manifest.json"}
    for name, digest in listed.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest


def test_only_the_formats_asked_for_are_written_those_of_an_earlier_run_go_and_other_files_stay(run, tmp_path):
    run(formats=["html", "xlsx"])
    assert (tmp_path / "out" / "report.en.html").exists()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert "report.en.html" not in run(formats=["xlsx"]).paths
    assert not (tmp_path / "out" / "report.en.html").exists()
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["html", "docx"]}, "format 'docx': a report can be had in html, pdf, xlsx."),
        ({"formats": []}, "format none"),
        ({"languages": ["fr"]}, "language 'fr': a report can be had in ja, en."),
    ],
)
def test_formats_and_languages_that_it_does_not_have_are_refused(run, options, message):
    with pytest.raises(InputError) as error:
        run(**options)
    assert message in str(error.value)


def test_a_month_is_summed_with_the_same_libraries_on_every_machine(run, monkeypatch):
    def prepared(*arguments, **options):
        raise InputError(f"numexpr is {'asked' if pd.get_option('compute.use_numexpr') else 'not asked'}")

    monkeypatch.setattr(write, "prepared", prepared)
    with pytest.raises(InputError, match="numexpr is not asked"):
        run()


def test_where_no_pdf_can_be_made_everything_else_is_written_and_one_line_says_why(run, monkeypatch, tmp_path):
    errors = [PangoMissingError(NO_PDF), PdfError("WeasyPrint cannot lay out the page (AssertionError). Leave it out.")]

    class Job:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def send(self, page):
            pass

        def result(self):
            raise errors.pop(0)

    monkeypatch.setattr(write, "start_pdf", Job)
    written = run(languages=["ja", "en"], formats=["html", "pdf", "xlsx"], editions="analyst")
    defect = "No report.en.pdf: WeasyPrint cannot lay out the page (AssertionError). Leave it out. All else is written."
    assert written.remarks == (NO_PDF, defect)
    assert {"report.ja.html", "report.en.html", "report.xlsx"} <= set(written.paths)
    assert not list((tmp_path / "out").glob("*.pdf"))
    described = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert described["failed"] == ["report.en.pdf", "report.ja.pdf"]
    assert not any(name.endswith(".pdf") for name in described["outputs"])


@pytest.mark.parametrize(
    ("missing", "formats", "refused"),
    [
        ("jinja2", ["xlsx"], "the library 'jinja2'"),
        ("weasyprint", ["html", "pdf"], "the library 'weasyprint'"),
        ("weasyprint", ["html", "xlsx"], ""),
        ("noto_cjk_sans_jp_bold", ["pdf"], "the font package 'noto_cjk_sans_jp_bold'"),
        ("noto_cjk_sans_jp_bold", ["xlsx"], ""),
    ],
)
def test_what_the_formats_need_is_asked_for_before_any_work(run, monkeypatch, missing, formats, refused):
    def imported(name):
        if name == missing:
            raise ModuleNotFoundError(name=name)
        return importlib.import_module(name)

    monkeypatch.setattr(write, "find_spec", lambda name: None if name == missing else importlib.util.find_spec(name))
    monkeypatch.setattr(fonts, "import_module", imported)
    if not refused:
        write.require_libraries(formats)
        return
    monkeypatch.setattr(write, "prepared", lambda *arguments, **options: pytest.fail("the month was computed"))
    with pytest.raises(InputError) as error:
        run(formats=formats)
    assert str(error.value).startswith(f"report: {refused} is not installed. Install the extra: pip install ")


def test_a_character_without_a_glyph_leaves_nothing_behind(run, content, monkeypatch, tmp_path):
    named = Words(ja="ロケット", en="Rocket \U0001f680 fund")
    book = content.book.model_copy(update={"book": content.book.book.model_copy(update={"name": named})})
    odd = dataclasses.replace(content, book=book)
    monkeypatch.setattr(write, "prepared", lambda *arguments, **options: (odd, ()))
    with pytest.raises(InputError, match=r"no glyph for 1 character: U\+1F680 .* in 'Rocket . fund"):
        run(formats=["html"])
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- the commentary that comes back


@pytest.fixture(scope="module")
def returned(content):
    """What Major 100 returned, as the table prints it."""
    return f"{content.tables['performance'].set_index('course').loc['Major 100', 'return']:+.2%}"


def test_an_edited_commentary_stands_in_the_page_and_beside_it(run, tmp_path, returned):
    edited = tmp_path / "edited.md"
    edited.write_text(f"{FIRST}We are glad: [{returned}]{RETURN}.\n", encoding="utf-8")
    run(formats=["html"], commentary=[edited])
    page = (tmp_path / "out" / "report.en.html").read_text(encoding="utf-8")
    assert "We are glad" in page
    assert (tmp_path / "out" / "commentary.en.md").read_text(encoding="utf-8") == edited.read_text(encoding="utf-8")


def test_a_figure_that_does_not_hold_is_named_with_the_right_one_and_nothing_is_written(run, tmp_path, returned):
    edited = tmp_path / "edited.md"
    edited.write_text(f"{FIRST}The course returned [+11.97%]{RETURN}.\n", encoding="utf-8")
    written = run(commentary=[edited])
    assert list(written.findings["right"]) == [returned]
    assert written.findings.loc[0, "line"] == 5
    assert written.paths == {}
    assert not (tmp_path / "out").exists()


def test_the_command_prints_where_a_wrong_figure_stands_and_exits_with_1(run, tmp_path, capsys, returned):
    edited = tmp_path / "edited.md"
    edited.write_text(f"{FIRST}The course returned [+11.97%]{RETURN}.\n", encoding="utf-8")
    given = ["--month", SMALL_MONTH, "--lang", "en", "--out", str(tmp_path / "out"), "--commentary", str(edited)]
    assert main(["report", str(SMALL / "book.toml"), *given]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first == f"{edited}, line 5: '+11.97%' (performance|Major 100|return): the table has {returned}."
    assert last == "Nothing was written: 1 finding in the texts. Correct them and repeat."


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
    with pytest.raises(InputError, match="would be lost"):  # handed in once, it is still the only copy
        run()
    assert "An evening's work." in path.read_text(encoding="utf-8")


def test_an_edited_file_of_elsewhere_leaves_a_draft_of_the_report_in_the_folder(run, tmp_path, returned):
    edited = tmp_path / "edited.md"
    edited.write_text(f"{FIRST}We are glad: [{returned}]{RETURN}.\n", encoding="utf-8")
    run(commentary=[edited])
    run()
    assert "We are glad" not in (tmp_path / "out" / "commentary.en.md").read_text(encoding="utf-8")
    assert "We are glad" in edited.read_text(encoding="utf-8")


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
    with pytest.raises(InputError, match=r"2 texts of the analyst edition in 'en': .*a\.md.*b\.md.*Give one"):
        run(commentary=[tmp_path / "a.md", tmp_path / "b.md"])


def test_a_commentary_that_is_not_there_is_refused(run, tmp_path):
    with pytest.raises(InputError, match=r"--commentary: cannot read '.*none\.md' \(No such file"):
        run(commentary=[tmp_path / "none.md"])


# ---------------------------------------------------------------- the pieces


def test_the_pieces_can_be_had_one_by_one(content):
    assert isinstance(content.tables["performance"], pd.DataFrame)
    figures = at.report_charts(content, lang="ja")
    assert "cumulative" in figures
    assert all(figure.get_axes() for figure in figures.values())
    assert at.report_commentary(content, lang="ja").startswith("<!-- commentary 2025-03 ja -->")


def test_one_language_format_and_commentary_need_no_list(run, tmp_path, returned):
    edited = tmp_path / "edited.md"
    edited.write_text(f"{FIRST}We are glad: [{returned}]{RETURN}.\n", encoding="utf-8")
    written = run(languages="en", formats="xlsx", commentary=str(edited))
    assert written.paths["commentary.en.md"].read_text(encoding="utf-8") == edited.read_text(encoding="utf-8")
    assert {"report.xlsx", "commentary.en.md"} == {name for name in written.paths if name.startswith(("report", "comm"))}


def test_what_was_computed_and_written_is_told_on_a_line(page_content, run):
    courses = "Major 100, Major 70 : Next 30, Major 50 : Next 50, Major 30 : Next 70, Next Major 100"
    assert repr(page_content) == f"Content: 2025-03, data to 2025-03-31; {courses}; 31 tables"
    names = "commentary.en.md, client.en.md, report.xlsx, figures.toml, facts.json, manifest.json"
    assert repr(run()) == f"ReportFiles: 2025-03, 31 tables, {names}"


def test_fonts_of_a_page_for_the_screen_are_packed(run, tmp_path):
    run(formats=["html"])
    page = (tmp_path / "out" / "report.en.html").read_text(encoding="utf-8")
    assert fonts.PLACE not in page
    assert page.count("data:font/woff;base64,") == 2


# ---------------------------------------------------------------- what must not be lost, and what a killed run leaves


def test_an_edited_file_of_a_language_that_is_not_written_is_left_alone(run, tmp_path):
    run(languages=["ja", "en"])
    path = tmp_path / "out" / "commentary.ja.md"
    path.write_text("mine", encoding="utf-8")
    run(languages=["en"])
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("files_in_place", range(3))
def test_the_run_after_a_killed_one_is_whole_and_takes_its_files_for_nobodys_work(tmp_path, monkeypatch, files_in_place):
    out, names = tmp_path / "out", ["commentary.ja.md", "commentary.en.md"]
    files.write_whole(out, listed_files("first", names))
    moved, replace = [], Path.replace

    def killed(path, target):
        if len(moved) == files_in_place:
            raise KeyboardInterrupt
        moved.append(target)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    monkeypatch.setattr(files.tempfile, "TemporaryDirectory", KeptDirectory)
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(out, listed_files("second", names))
    monkeypatch.undo()
    assert list(out.glob(".report-*"))
    files.require_unedited(out, names, given=set())
    files.write_whole(out, listed_files("third", names))
    assert {path.name: path.read_text() for path in out.glob("commentary.*")} == dict.fromkeys(names, "third")
    assert not list(out.glob(".report-*"))


def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path, monkeypatch):
    out = tmp_path / "out"
    files.write_whole(out, listed_files("first", ["figures.toml"]))

    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"--out: cannot write in '.*out' \(No space left on device\)\. Make room"):
        files.write_whole(out, listed_files("second", ["figures.toml"]))
    assert (out / "figures.toml").read_text() == "first"
    assert sorted(path.name for path in out.iterdir()) == ["figures.toml", files.MANIFEST]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"out": ""}, "--out: is empty. Name a folder."),
        ({"languages": []}, "language none: a report can be had in ja, en."),
        ({"month": "2025-3"}, "month '2025-3': a report is of one month, written YYYY-MM."),
        ({"month": "2025"}, "month '2025': a report is of one month, written YYYY-MM."),
    ],
)
def test_an_option_that_names_nothing_is_refused(run, options, message):
    with pytest.raises(InputError) as error:
        run(**options)
    assert str(error.value) == message


class KeptDirectory:
    """A temporary folder whose process dies before it is removed."""

    def __init__(self, *, prefix, dir):
        self.path = tempfile.mkdtemp(prefix=prefix, dir=dir)

    def __enter__(self):
        return self.path

    def __exit__(self, *error):
        pass


def listed_files(text, names):
    """Files of one text, with the manifest that lists them."""
    made = {name: text.encode() for name in names}
    outputs = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    return made | {files.MANIFEST: json.dumps({"outputs": outputs}).encode()}
