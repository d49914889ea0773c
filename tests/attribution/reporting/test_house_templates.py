"""A house's own templates in the place of sections: what they are given, and what is refused."""

import re

import pytest

from attribution import InputError
from attribution.reporting.house.own import Own
from attribution.reporting.house.templates import read_templates, section_names
from attribution.reporting.house.texts import read_house
from attribution.reporting.pages.page import render_page


def own(tmp_path, **templates):
    """The templates of a book's folder, each section with its source."""
    folder = tmp_path / "layout"
    folder.mkdir()
    for section, source in templates.items():
        (folder / f"{section}.html").write_text(source, encoding="utf-8")
    return read_templates(tmp_path, "layout", "book.toml: 'template_dir' in [report]")[0]


def rendered(content, templates, language="en"):
    return render_page(content, language, medium="print", own=Own(templates=templates))


def section(page, name):
    return re.search(rf'<section class="{name}".*?</section>', page, re.DOTALL)[0]


def test_a_template_takes_the_place_of_one_section_and_of_no_other(page_content, tmp_path):
    source = '<p>{{ view.rows|length }} courses: {{ words.percent(view.average["excess"], unit="%") }} <{{ "<b>" }}</p>'
    page, plain = rendered(page_content, own(tmp_path, ranking=source)), render_page(page_content, "en", medium="print")
    excess = page_content.tables["performance"].set_index("course").loc["Average", "excess"]
    assert f"<p>5 courses: −{abs(excess):.2%} <&lt;b&gt;</p>" in section(page, "ranking")
    for name in ("indices", "trailing", "composition", "reconciliation"):
        assert section(page, name) == section(plain, name)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("<p>\n{{ nothing }}", "layout/ranking.html, line 2: 'nothing' is undefined"),
        ("<p>\n\n{{ view.nothing }}", "layout/ranking.html, line 3: "),
        ("{{ 1 / 0 }}", "layout/ranking.html, line 1: division by zero"),
        ("{{ book.path.read_text() }}", "line 1: .*read_text.* is not safely callable"),
        ("{{ content.tables['performance'].to_csv('/tmp/found') }}", "line 1: .*to_csv.* is not safely callable"),
        ("{{ ''.__class__.__mro__ }}", "layout/ranking.html, line 1: .*unsafe"),
        ("{% include '../../../secret.html' %}", "layout/ranking.html, line 1: "),
        ("{% include '/etc/passwd' %}", "layout/ranking.html, line 1: "),
    ],
)
def test_what_a_template_cannot_do_is_named_with_its_line(page_content, tmp_path, source, told):
    with pytest.raises(InputError, match=told):
        rendered(page_content, own(tmp_path, ranking=source))


def test_a_mistake_of_syntax_is_found_before_anything_is_computed(tmp_path):
    with pytest.raises(InputError, match=r"layout/limits\.html, line 2: .*Correct the template"):
        own(tmp_path, limits="<p>\n{% if %}")


def test_a_file_named_after_no_section_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(InputError, match=r"'layout/rankin\.html' is named after no section\. Nearest: 'ranking\.html'"):
        own(tmp_path, rankin="<p>")


@pytest.mark.parametrize("written", ["missing", "../elsewhere", "/etc", "C:/layout", "~"])
def test_a_folder_that_is_not_the_book_s_is_refused(tmp_path, written):
    with pytest.raises(InputError, match=r"'template_dir' in \[report\]: "):
        read_templates(tmp_path, written, "book.toml: 'template_dir' in [report]")


@pytest.mark.parametrize("edition", ["client", "analyst"])
def test_either_edition_alone_reads_the_templates_of_the_book(page_content, tmp_path, edition):
    book = page_content.book
    book = book.model_copy(
        update={"path": tmp_path / "book.toml", "report": book.report.model_copy(update={"template_dir": "layout"})}
    )
    with pytest.raises(InputError, match=r"'template_dir' in \[report\]: "):
        read_house(book, "2025-03", ["en"], [edition])


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "secret.html").write_text("<p>", encoding="utf-8")
    root = tmp_path / "book"
    (root / "layout").mkdir(parents=True)
    (root / "layout" / "ranking.html").symlink_to(tmp_path / "secret.html")
    with pytest.raises(InputError, match="lies outside the book's folder"):
        read_templates(root, "layout", "book.toml: 'template_dir' in [report]")


def test_the_sections_of_the_package_run_in_the_sandbox_as_they_do_without(page_content, tmp_path):
    """An own copy of one section is no other page, in either language."""
    from attribution.reporting.pages.page import asset

    templates = own(tmp_path, **{name: asset(f"sections/{name}.html") for name in section_names()})
    for language in ("en", "ja"):
        assert rendered(page_content, templates, language) == render_page(page_content, language, medium="print")
