"""The client edition: one document a language, for the screen and for paper."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from attribution.reporting.client.closing import LimitLine, glossary, limit_lines
from attribution.reporting.client.cover import SIDES, Returns, returns_view
from attribution.reporting.client.sleeve import ClientSleeve, client_sleeve
from attribution.reporting.client.texts import ClientTexts, open_places
from attribution.reporting.commentary.html import parted_stocks, to_html
from attribution.reporting.house.own import NOTHING, Own
from attribution.reporting.pages.cells import Cells
from attribution.reporting.pages.factors import rewarded_title
from attribution.reporting.pages.page import SCREEN, Medium, asset, environment, page_charts
from attribution.reporting.pages.performance import Indices, indices_section
from attribution.reporting.pages.words import PageWords, page_words
from attribution.rows import PROXY, PROXY_FACTOR

if TYPE_CHECKING:
    from attribution.reporting.pages.charts import PageCharts
    from attribution.reporting.tables.content import Content


@dataclass(frozen=True)
class ClientView:
    """What the client edition shows, beside its charts; `exceeded` has sleeves that exceed limits: place, name, how many."""

    draft: str
    verdict: str
    exceeded: list[tuple[int, str, int]]
    returns: Returns
    sleeves: list[ClientSleeve]
    indices: Indices | None
    rewarded: str
    proxy: str
    glossary: list[tuple[str, str]]
    limits: list[LimitLine]


def render_client(
    content: Content,
    texts: ClientTexts,
    language: str,
    *,
    medium: Medium = "screen",
    fonts: str = "",
    charts: PageCharts | None = None,
    own: Own = NOTHING,
) -> str:
    """Lay out the client edition as one HTML document, styles and charts inside it, without scripts.

    Parameters
    ----------
    content
        From `attribution.reporting.tables.content.build_content`.
    texts
        From `attribution.reporting.client.texts.client_texts`.
    language, medium, fonts, charts, own
        As for `attribution.reporting.pages.page.render_page`.

    Returns
    -------
    str
        The same text for the same content, whenever and wherever it is made.

    Raises
    ------
    InputError
        For another language.
    """
    words = page_words(content.book, language, content.messages(language))
    traced = medium == "screen"
    said = {key: _whole(to_html(text, traced=traced), words) for key, text in texts.sleeves.items()}
    unfilled = sum(open_places(text, language) for text in (texts.verdict, *texts.sleeves.values()))
    parted = own.parted.union(*map(parted_stocks, (texts.verdict, *texts.sleeves.values())))
    sleeves = [client_sleeve(content, words, key, said.get(key, ""), own.stocks, parted) for key in content.sleeves]
    view = ClientView(
        draft=words.messages(f"client.draft_{'one' if unfilled == 1 else 'many'}", count=unfilled) if unfilled else "",
        verdict=_whole(to_html(texts.verdict, title=False, traced=traced), words),
        exceeded=[(place, one.name, one.broken) for place, one in enumerate(sleeves, 1) if one.broken],
        returns=returns_view(content, words),
        sleeves=sleeves,
        indices=indices_section(content, words),
        rewarded=rewarded_title(content, words),
        proxy=_proxy_told(content, words),
        glossary=glossary(content, words),
        limits=limit_lines(content, words),
    )
    return environment().get_template("templates/client.html").render(
        lang=language,
        medium=medium,
        t=words.messages,
        words=words,
        cells=Cells(words, traced=traced),
        charts=replace(page_charts(content, language) if charts is None else charts, pointed=traced),
        content=content,
        book=content.book,
        view=view,
        own=own,
        sides=SIDES,
        styles=[fonts, *map(asset, ("client.css", "house.css", *([SCREEN] if medium == "screen" else ()))), own.sheet],
    )  # fmt: skip


def _proxy_told(content: Content, words: PageWords) -> str:
    """What the difference between a benchmark's constituents and its index is, where a waterfall has it as a step."""
    frame = content.tables["factor_contributions"]
    drivers = frame[frame["driver"].astype(bool) & frame["course"].isin([one.course for one in content.sleeves.values()])]
    return words.messages("sleeve.proxy", name=words.row(PROXY)) if (drivers["factor"] == PROXY_FACTOR).any() else ""


def _whole(text: str, words: PageWords) -> str:
    """A text in which no line ends inside what says that a place is to be filled."""
    place = words.messages("commentary.client.open")
    return text.replace(place, f'<span class="item">{place}</span>')
