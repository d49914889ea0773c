"""What a screen reader is told of a PDF: PDF/UA-1 by a validator of its 104 rules, and by hand what the pages rest on."""

from __future__ import annotations

import io
from itertools import pairwise

import pypdf
import pytest

from attribution.house_style.fonts import PLACE
from attribution.reporting import pdf
from attribution.reporting.pages.page import asset
from tests.attribution.reporting.page_reader import Reader
from tests.attribution.reporting.pdf_reader import elements, laid_out, root_of

PDFS = [f"{edition}.{language}.pdf" for edition in ("report", "client") for language in ("ja", "en")]
TABLE = """<table><thead><tr><td></td><th scope="colgroup" colspan="2">Both</th></tr><tr><th scope="col">Factor</th><th
scope="col">A</th><th scope="col">B</th></tr></thead><tbody><tr><th scope="rowgroup" rowspan="2">Value</th><td>1</td>
<td>2</td></tr>
<tr><td>3</td><td>4</td></tr></tbody><tfoot><tr><th scope="row">Sum</th><td>4</td><td>6</td></tr></tfoot></table>"""
LIST = "<dl><div><dt>Value</dt><dd>Book over price</dd></div><div><dt>Size</dt><dd>Log of cap</dd></div></dl>"
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>A page</title><style>{PLACE}{asset("print.css")}</style></head><body>
<h1><span class="book">A service</span> <span class="month">March</span></h1>{TABLE}{LIST}
<p class="disclaimer" style="break-before: page">Next</p></body></html>"""


@pytest.fixture(scope="module")
def document():
    return laid_out(PAGE)


def kinds(element):
    return [kid.get_object()["/S"] for kid in element["/K"]]


@pytest.fixture(scope="module")
def printed(whole_report):
    """The bytes of each PDF of a report."""
    if pdf.NO_PDF in whole_report.remarks:
        pytest.skip(pdf.NO_PDF)
    return {name: whole_report.paths[name].read_bytes() for name in PDFS}


def test_every_head_of_a_table_says_whether_it_heads_a_column_or_a_row(document):
    heads = [element for element in elements(root_of(document)["/StructTreeRoot"]) if element["/S"] == "/TH"]
    assert [head["/A"]["/Scope"] for head in heads] == ["/Column"] * 4 + ["/Row"] * 2
    assert heads[0]["/A"]["/ColSpan"] == 2 and heads[4]["/A"]["/RowSpan"] == 2


@pytest.mark.parametrize("name", PDFS)
def test_no_head_of_a_report_is_without_a_scope_and_its_scope_is_the_page_s(printed, whole_report, name):
    found = [
        element["/A"].get("/Scope")
        for element in elements(root_of(printed[name])["/StructTreeRoot"])
        if element["/S"] == "/TH"
    ]
    assert len(found) > 30 and set(found) == {"/Column", "/Row"}
    page = Reader(whole_report.paths[name.replace(".pdf", ".html")].read_text(encoding="utf-8"))
    scopes = [cell.attrs["scope"] for table in page.tables for row in table.rows for cell in row if "scope" in cell.attrs]
    if name.startswith("client"):  # as many as on the screen, where no table is there to explore or goes on over a page
        assert found.count("/Column") == sum(scope.startswith("col") for scope in scopes)
        assert found.count("/Row") == sum(scope.startswith("row") for scope in scopes)


def test_a_head_in_a_thead_heads_columns_and_any_other_a_row(pages):
    """What the PDF's scopes rest on; WeasyPrint's tree does not hold the page's."""
    for page in pages.values():
        for part in page.split("<thead>")[1:]:
            inside, _, after = part.partition("</thead>")
            assert 'scope="row' not in inside and 'scope="col' not in after


def test_a_definition_is_an_item_with_its_term_as_label(document):
    lists = [element for element in elements(root_of(document)["/StructTreeRoot"]) if element["/S"] == "/L"]
    assert [kinds(each) for each in lists] == [["/LI", "/LI"]]
    assert [kinds(item.get_object()) for item in lists[0]["/K"]] == [["/Lbl", "/LBody"]] * 2


def test_every_identifier_is_found_in_the_tree_of_identifiers(document):
    root = root_of(document)["/StructTreeRoot"]
    names = root["/IDTree"]["/Names"]
    tree = dict(zip(names[::2], (name.get_object() for name in names[1::2]), strict=True))
    assert list(tree) == sorted(tree)
    identified = {element["/ID"]: element for element in elements(root) if "/ID" in element}
    assert identified and tree == identified


def test_the_title_and_the_number_at_the_foot_of_a_page_are_no_part_of_the_text(document):
    reader = pypdf.PdfReader(io.BytesIO(document))
    assert "A service | March" in reader.pages[1].extract_text() and "2 / 2" in reader.pages[1].extract_text()
    content = reader.pages[1].get_contents().get_data()
    assert content.count(b"/Artifact\n<</Type /Pagination>>\nBDC") == 2  # the title, the number
    assert content.count(b"/MCID") == 1  # the paragraph
    parents = reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"][3]
    read = [*elements(reader.trailer["/Root"]["/StructTreeRoot"])]
    assert [parent.get_object() in read for parent in parents] == [True, False, False]


@pytest.mark.parametrize("name", PDFS)
def test_a_report_s_pdf_has_language_title_order_headings_without_gaps_and_texts_for_charts(printed, name):
    reader = pypdf.PdfReader(io.BytesIO(printed[name]))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == name.split(".")[1] and root["/MarkInfo"]["/Marked"]
    assert (
        root["/ViewerPreferences"]["/DisplayDocTitle"] and reader.xmp_metadata.dc_title["x-default"] == reader.metadata.title
    )
    assert all(page["/Tabs"] == "/S" for page in reader.pages)
    tree = list(elements(root["/StructTreeRoot"]))
    figures = [element for element in tree if element["/S"] == "/Figure"]
    assert figures and all(element["/Alt"].strip() for element in figures)
    levels = [int(element["/S"][2:]) for element in tree if element["/S"][:2] == "/H" and element["/S"][2:].isdigit()]
    assert levels[0] == 1 and all(later <= level + 1 for level, later in pairwise(levels))
    assert all(kind in ("/LI", "/Caption", "/L") for element in tree if element["/S"] == "/L" for kind in kinds(element))


@pytest.mark.parametrize("name", PDFS)
def test_a_report_s_pdf_keeps_every_rule_of_pdf_ua_that_a_program_can_check(printed, name):
    validator = pytest.importorskip("page", reason="the validator of PDF/UA is not installed (pip install page-validation)")
    report = validator.validate_pdf_bytes(printed[name], profile="ua1")
    assert [(failure.rule_id, failure.message) for failure in report.failures] == []
    assert report.is_compliant and report.rules.total > 100


def test_the_validator_finds_a_list_of_divs_and_a_head_without_a_scope(document):
    validator = pytest.importorskip("page", reason="the validator of PDF/UA is not installed (pip install page-validation)")
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(document))
    for element in list(elements(writer.root_object["/StructTreeRoot"])):
        for key in ("/Scope", "/Headers"):
            element.get("/A", {}).pop(key, None)
        if element["/S"] == "/LI":
            element[pypdf.generic.NameObject("/S")] = pypdf.generic.NameObject("/Div")
    spoilt = io.BytesIO()
    writer.write(spoilt)
    report = validator.validate_pdf_bytes(spoilt.getvalue(), profile="ua1")
    found = {failure.rule_id for failure in report.failures}
    assert {"PDFUA1-L-KIDS-001", "PDFUA1-TABLE-HEADERS-SCOPE-001"} <= found
