"""What PDF/UA-1 wants of a tagged PDF beside what WeasyPrint writes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Element = Any  # a pydyf dictionary


def complete_tags(document: object, pdf: Any) -> None:
    """Say what heads of tables head, make lists of definitions lists, and leave the margins of pages out of the text.

    Parameters
    ----------
    document
        Not looked at: `weasyprint.HTML.write_pdf` gives it to its finisher.
    pdf
        A `pydyf.PDF` with tags, before it is written; changed in place.

    Notes
    -----
    ISO 14289-1, 7.5 (scope of TH), 7.2 (children of L and LI), 7.8 (running headers and footers are artifacts);
    ISO 32000-1, table 322 (IDTree), 14.8.4.3.3 (Lbl and LBody), table 330 (artifacts).
    """
    import pydyf

    by_reference = {item.reference: item for item in pdf.objects}
    root = by_reference[pdf.catalog["StructTreeRoot"]]
    elements = list(_below(root, by_reference))
    for element in elements:
        if element["S"] == "/TH":
            rows = by_reference[by_reference[element["P"]]["P"]]
            element["A"]["Scope"] = "/Column" if rows["S"] == "/THead" else "/Row"
        elif element["S"] == "/Div" and by_reference[element["P"]].get("S") == "/L":
            _define(element, by_reference)
    named = sorted((element["ID"].string, element) for element in elements if "ID" in element)
    names = pydyf.Dictionary(
        {"Names": pydyf.Array(each for _, element in named for each in (element["ID"], element.reference))}
    )
    pdf.add_object(names)
    root["IDTree"] = names.reference
    _drop_margins(pdf, by_reference, {element.reference for element in elements})


def _below(element: Element, by_reference: dict[bytes, Element]) -> Iterator[Element]:
    """The structure elements under one, in reading order."""
    for kid in element["K"]:
        if isinstance(kid, bytes) and "S" in by_reference[kid]:
            yield by_reference[kid]
            yield from _below(by_reference[kid], by_reference)


def _define(element: Element, by_reference: dict[bytes, Element]) -> None:
    """A div of a dl as an item of a list: its term is the label, what it means the body; each came as an item of its own."""
    element["S"] = "/LI"
    bodies = [by_reference[by_reference[item]["K"][0]] for item in element["K"]]
    for place, body in enumerate(bodies):
        body["P"], body["S"] = element.reference, "/LBody" if place else "/Lbl"
    element["K"][:] = [body.reference for body in bodies]


def _drop_margins(pdf: Any, by_reference: dict[bytes, Element], read: set[bytes]) -> None:
    """What no element that is read holds, the title and the number in a page's margin, is an artifact of the layout."""
    import pydyf

    numbers = by_reference[by_reference[pdf.catalog["StructTreeRoot"]]["ParentTree"]]["Nums"]
    for page, parents in zip(pdf.page_references, numbers[1::2], strict=False):  # behind the pages stand the links
        unread = {mark for mark, parent in enumerate(parents) if parent not in read}
        stream = by_reference[by_reference[page]["Contents"]].stream
        for place, item in enumerate(stream):
            if isinstance(item, pydyf.Dictionary) and item.get("MCID") in unread:
                stream[place - 1 : place + 1] = "/Artifact", pydyf.Dictionary({"Type": "/Pagination"})
        for mark in unread:
            parents[mark] = "null"
