"""PDF of a page: its own font alone, tagged, bookmarked, nothing from outside, the same bytes again."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings

import pypdf
import pytest

import attribution as at
from attribution.house_style.fonts import PLACE, with_fonts
from attribution.house_style.words import LANGUAGES
from attribution.reporting import pdf
from attribution.reporting.pages.page import SHEETS, asset
from tests.attribution.reporting.page_reader import Reader
from tests.attribution.reporting.pdf_reader import elements, laid_out, root_of
from tests.conftest import SMALL_MONTH

PAGE = f"""<!DOCTYPE html><html lang="ja"><head><title>月次レポート</title>
<style>{PLACE} body {{ font-family: "Noto Sans JP", sans-serif; }}</style></head><body><h1>月次レポート</h1>
<h2>運用実績</h2><ul><li>超過収益 △1.50%</li></ul><p style="break-before: page">寄与度</p>
<svg xmlns="http://www.w3.org/2000/svg" font-family="Noto Sans JP" viewBox="0 0 99 20" role="img" aria-label="図">
<text x="0" y="12">規模</text></svg></body></html>"""


@pytest.fixture(scope="module")
def document():
    return laid_out(PAGE)


def has_harfbuzz_subset():
    """Whether WeasyPrint finds the library, asked in a process of its own as a PDF is made in one."""
    asked = "from weasyprint.text.ffi import harfbuzz_subset; print(harfbuzz_subset is not None)"
    answer = subprocess.run([sys.executable, "-W", "ignore", "-c", asked], capture_output=True, text=True, check=True)
    return answer.stdout == "True\n"


def fonts_of(reader):
    found = set()

    def walk(resources):
        found.update(font.get_object()["/BaseFont"] for font in (resources.get("/Font") or {}).values())
        for form in (resources.get("/XObject") or {}).values():
            if "/Resources" in form.get_object():
                walk(form.get_object()["/Resources"])

    for page in reader.pages:
        walk(page["/Resources"])
    return found


def test_text_can_be_read_back_from_page_and_chart(document):
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages]
    assert len(pages) == 2
    assert "超過収益 △1.50%" in pages[0]
    assert "寄与度" in pages[1]
    assert "規模" in pages[1]


def test_only_the_embedded_font_is_in_it(document):
    found = fonts_of(pypdf.PdfReader(io.BytesIO(document)))
    assert found
    assert all(name.split("+")[1].startswith("Noto-Sans-JP") for name in found)


def test_it_is_tagged_titled_and_bookmarked(document):
    reader = pypdf.PdfReader(io.BytesIO(document))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "ja"
    assert reader.metadata.title == "月次レポート"
    assert reader.metadata.creation_date is None
    assert [item.title for item in reader.outline if not isinstance(item, list)] == ["月次レポート"]


SUBSETTER = """
import contextlib, os, time
import cffi
if os.environ["SUBSETTER"] == "fontTools":
    found = cffi.FFI.dlopen
    def dlopen(self, name, flags=0):
        if "harfbuzz-subset" in name:
            raise OSError(f"cannot load library {name}")
        return found(self, name, flags)
    cffi.FFI.dlopen = dlopen
clock = time.time
time.time = lambda: clock() + float(os.environ["LATER"])
"""  # read by each Python that starts: hides the library that WeasyPrint loads by name, and sets the clock


@pytest.mark.parametrize("subsetter", ["HarfBuzz", "fontTools"])
def test_two_runs_give_the_same_bytes_whichever_library_subsets_the_font(document, monkeypatch, tmp_path, subsetter):
    if subsetter == "HarfBuzz" and not has_harfbuzz_subset():
        pytest.skip("HarfBuzz's subsetter is not on this machine (Debian: libharfbuzz-subset0)")
    (tmp_path / "sitecustomize.py").write_text(SUBSETTER)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SUBSETTER", subsetter)
    made = set()
    for later in (0, 86_400):
        monkeypatch.setenv("LATER", str(later))
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(later))  # of the user's own
        with pdf.start_pdf() as job:
            job.send(with_fonts(PAGE, form="otf"))
            made.add(job.result())
    assert len(made) == 1
    assert (made == {document}) == (subsetter == "HarfBuzz" or not has_harfbuzz_subset())


def test_what_the_page_does_not_carry_is_refused(document):
    page = with_fonts(PAGE.replace("</body>", '<img src="http://example.invalid/x.png" alt=""></body>'), form="otf")
    with pdf.start_pdf() as job, pytest.raises(pdf.PdfError, match=r"Error fetching .http://example\.invalid/"):
        job.send(page)
        job.result()


def test_without_pango_the_message_says_what_to_install(monkeypatch, tmp_path):
    (tmp_path / "weasyprint").mkdir()
    (tmp_path / "weasyprint" / "__init__.py").write_text("raise OSError('cannot load library libpango')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pdf.start_pdf() as job, pytest.raises(pdf.PangoMissingError, match="apt install libpango"):
        job.send(PAGE)
        job.result()


def test_a_layout_that_fails_says_in_one_line_what_was_said_and_what_to_do(monkeypatch, tmp_path):
    (tmp_path / "weasyprint.py").write_text("raise ValueError('a defect')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with (
        pdf.start_pdf() as job,
        pytest.raises(
            pdf.PdfError, match=r"^WeasyPrint cannot lay out the page \(ValueError: a defect\)\. Print the HTML .*xlsx\.$"
        ),
    ):
        job.send(PAGE)
        job.result()


def test_a_chart_has_its_alternative_text(document):
    tags = elements(root_of(document)["/StructTreeRoot"])
    assert [element["/Alt"] for element in tags if element["/S"] == "/Figure"] == ["図"]


def test_the_style_of_paper_has_nothing_that_the_layout_does_not_know(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the machine has no font
        try:
            import weasyprint
        except OSError:
            pytest.skip(pdf.NO_PDF)
    weasyprint.CSS(string=asset("print.css"), media_type="print")
    assert [record.message for record in caplog.records if record.name == "weasyprint"] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "columns"), [("limits", 5), ("realised", 8)])
def test_the_columns_of_a_table_on_limits_are_as_wide_as_the_page(language, name, columns):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the machine has no font
        try:
            import weasyprint
        except OSError:
            pytest.skip(pdf.NO_PDF)
        cells = "".join(f"<th>{n}</th>" for n in range(columns))
        table = f'<table class="compact {name}"><thead><tr>{cells}</tr></thead></table>'
        style = "\n".join(map(asset, SHEETS))
        html = f'<html lang="{language}"><style>{style}</style><body><section class="limits">{table}</section>'
        page = weasyprint.HTML(string=html).render().pages[0]._page_box
    row = next(box for box in page.descendants() if box.element_tag == "tr")
    assert len(row.children) == columns
    assert sum(cell.border_width() for cell in row.children) == pytest.approx(page.width, abs=1)


def test_a_long_table_breaks_not_at_its_ends_and_repeats_its_head_and_a_short_one_is_whole(document):
    rows = "<tr><td>値</td></tr>"
    table = "<table><thead><tr><th>見出し</th></tr></thead><tbody>{}</tbody></table>"
    counts = [12] * 7 + [25, 25, 80]
    page = PAGE.replace("<body>", "<body>" + "".join(table.format(rows * count) for count in counts))
    with pdf.start_pdf() as job:
        job.send(with_fonts(page.replace(PLACE, PLACE + asset("print.css")), form="otf"))
        pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(job.result())).pages]
    held = [[part.count("値") for part in text.split("見出し")] for text in pages if "値" in text]
    assert all(first == 0 for first, *_ in held)  # nothing stands on a page before the head of its table
    pieces = [piece for _, *own in held for piece in own]
    assert pieces[:7] == counts[:7] and sum(pieces) == sum(counts)
    assert len(pieces) > len(counts) and min(pieces) >= 3
    assert min(sum(own) for own in held[3:-1]) > 30  # of some 36: from where the long ones begin no page is half empty
    assert [text.split()[-3:] for text in pages[:2]] == [["1", "/", str(len(pages))], ["2", "/", str(len(pages))]]


def test_tables_side_by_side_go_to_the_next_page_whole_where_this_one_has_no_room():
    table = '<table><caption>Held <span class="unit">in percent</span></caption><tbody>{}</tbody></table>'
    pair = f'<div class="pair halves">{table.format("<tr><td>1</td></tr>" * 20) * 2}</div>'
    style = f"<style>{PLACE}{asset('page.css')}{asset('print.css')} .room {{ height: 240mm }}</style>"
    page = f'<html lang="en"><head><title>A page</title>{style}</head><body><div class="room">So</div>{pair}</body></html>'
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(laid_out(page))).pages]
    assert ["in percent" in text for text in pages] == [False, True]


def printed(body):
    """The text of each page of a body under the styles of paper."""
    style = f"<style>{PLACE}{asset('page.css')}{asset('print.css')}</style>"
    page = f'<html lang="en"><head><title>A page</title>{style}</head><body>{body}</body></html>'
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(laid_out(page))).pages]


def test_a_figure_under_its_caption_takes_nothing_with_it_to_the_next_page():
    figure = '<div class="abreast"><figure><figcaption>Above</figcaption><svg viewBox="0 0 10 10"></svg></figure></div>'
    before, after = printed(f'<div style="height: 200mm">So</div><p>Stays</p>{figure}')
    assert "Stays" in before and "Above" in after


def test_a_table_of_stocks_breaks_where_a_short_table_does_not():
    rows = '<tr class="group"><th>Held</th></tr>' + "<tr><td>One<br>Two</td></tr>" * 8
    table = f"<thead><tr><th>Head</th></tr></thead><tbody>{rows}</tbody>"
    for kind, first in (("stocks", True), ("compact", False)):
        before, after = printed(f'<div style="height: 200mm">So</div><table class="{kind}">{table}</table>')
        assert ("Head" in before) is first and "Head" in after


def test_a_record_breaks_between_courses():
    """The name of a course stands in the first of its rows alone."""
    course = '<tbody><tr class="group"><th>Course</th></tr>' + "<tr><td>1</td></tr>" * 12 + "</tbody>"
    pages = printed(f'<table class="record"><thead><tr><th>Head</th></tr></thead>{course * 8}</table>')
    assert len(pages) > 1 and all(text.split("Head")[1].lstrip().startswith("Course") for text in pages)


@pytest.mark.parametrize("above", [200, 217, 229, 244])
def test_a_record_that_begins_low_on_a_page_begins_with_a_whole_course(above):
    course = '<tbody><tr class="group"><th>Course</th></tr>' + "<tr><td>1</td></tr>" * 7 + "</tbody>"
    table = f'<table class="compact record"><caption>So</caption><thead><tr><th>Head</th></tr></thead>{course * 6}</table>'
    pages = printed(f'<div style="height: {above}mm">Above</div><h3>Title</h3><div class="wide">{table}</div>')
    for page in pages:
        begun = page.split("Head")[1:]
        assert not begun or begun[0].lstrip().startswith("Course")


def rows_of_the_page(report):
    """How many rows the tables of a report's page have, each of which stands in its PDF."""
    if pdf.NO_PDF in report.remarks:
        pytest.skip(pdf.NO_PDF)
    pages = pypdf.PdfReader(report.paths["report.ja.pdf"]).pages
    printed = "".join("".join(page.extract_text().split()) for page in pages)
    tables = Reader(report.paths["report.ja.html"].read_text(encoding="utf-8")).tables
    rows = [row for table in tables if table.attrs.get("data-t") for row in table.rows]
    texts = ["".join("".join(cell.text for cell in row).split()) for row in rows]
    assert [text for text in texts if text not in printed] == []
    return len(texts)


def test_every_row_of_the_page_s_tables_stands_in_the_pdf(whole_report):
    assert rows_of_the_page(whole_report) > 100


@pytest.mark.slow
def test_every_row_of_a_page_of_five_courses_stands_in_its_pdf(small_book, tmp_path):
    report = at.report(small_book, month=SMALL_MONTH, out=tmp_path / "out", languages=["ja"], formats=["html", "pdf"])
    assert rows_of_the_page(report) > 250


def test_a_disk_that_takes_no_pdf_is_one_message(monkeypatch):
    begin = subprocess.Popen
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        monkeypatch.setattr(subprocess, "Popen", lambda *command, **options: begin(*command, **options | {"stdout": full}))
        with pdf.start_pdf() as job, pytest.raises(pdf.PdfError, match=r"no room for it in the folder .*set TMPDIR"):
            job.send('<html lang="en"><title>A page</title><body></body></html>')
            job.result()


def test_a_pdf_whose_process_is_killed_is_one_message():
    with (
        pdf.start_pdf() as job,
        pytest.raises(pdf.PdfError, match=r"was ended by signal 9: out of memory, or .*--formats html"),
    ):
        job.process.kill()
        job.send("<html></html>")
        job.result()
