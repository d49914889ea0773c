"""A model of other styles: from the book, in every cut, in words, and without a factor that nothing feeds."""

from __future__ import annotations

import numpy as np
import pytest

import attribution as at
import riskmodel as rm
from attribution.house_style.words import read_messages
from attribution.portfolio.inputs import read_inputs
from tests.conftest import SMALL, SMALL_MONTH, of_few_draws, of_one

STYLES = """
[model.styles]
price_level = false
[model.styles.reversal]
descriptors = { fall = 1.0 }
name = { ja = "リバーサル", en = "Reversal" }
"""


@pytest.fixture(scope="module")
def own(small_market, tmp_path_factory):
    """A folder whose book drops a style and adds one that the table descriptors feeds; market, model and book of it."""
    folder = tmp_path_factory.mktemp("own")
    for path in SMALL.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "book.toml").unlink()
    (folder / "book.toml").write_text((SMALL / "book.toml").read_text(encoding="utf-8") + STYLES, encoding="utf-8")
    fall = 1 - (1 + small_market["total_return"].fillna(0.0)).rolling(time=21).reduce(lambda x, axis: x.prod(axis))
    rows = fall.to_series().dropna().rename("value").reset_index()
    rows = rows.rename(columns={"time": "date", "asset": "ticker"}).assign(descriptor="fall")
    rows[["date", "ticker", "descriptor", "value"]].to_parquet(folder / "descriptors.parquet", index=False)
    book = at.read_book(folder / "book.toml")
    market = read_inputs(book)
    return book, market, book.model.risk_model().fit(market)


def test_a_style_of_the_book_is_a_style_in_every_cut(own):
    book, market, model = own
    result = at.attribute(book, "Major 70 : Next 30", model, market, period=SMALL_MONTH)
    factors = result.factors.set_index("factor")
    assert factors.loc["reversal", "group"] == "style" and "price_level" not in factors.index
    assert factors.loc["reversal", "active_exposure"] != 0
    styles = factors.loc[factors["group"] == "style", "contribution"]
    assert result.by("group")["style"] == pytest.approx(styles.sum(), abs=1e-15)
    assert result.reconciliation["passed"].all()
    assert "reversal" in result.brinson_by_factor("sector")["factor"].unique()


def test_it_is_called_as_the_book_calls_it(own):
    _, _, model = own
    assert read_messages("ja", model.style_texts).factor("reversal") == "リバーサル"
    assert read_messages("en", model.style_texts).factor("reversal") == "Reversal"
    assert read_messages("en", {"reversal": {"ja": "リバーサル"}}).factor("reversal") == "リバーサル"
    assert read_messages("en", {"reversal": {}}).factor("reversal") == "reversal"


def test_pages_and_commentary_name_the_books_styles_and_count_them(own):
    from attribution.reporting.pages.page import render_page

    book, market, model = own
    content = at.prepare_report(of_one(book), month=SMALL_MONTH, market=market, model=of_few_draws(model))
    english, japanese = (render_page(content, language, medium="screen") for language in ("en", "ja"))
    assert "Reversal" in english and "リバーサル" in japanese
    assert "<td>Reversal</td>" in english and "<td>リバーサル</td>" in japanese  # its one descriptor, among the data
    assert "<td>fall</td>" not in english + japanese
    assert "Price level" not in english and "価格水準" not in japanese
    assert "fourteen styles" in english  # thirteen of the default, and one
    assert set(content.tables["risk_factors"]["factor"]) >= {"reversal"}


def test_a_factor_that_nothing_feeds_is_no_row(small_market, small_book):
    never = np.full(small_market.sizes["announcement"], np.datetime64("NaT", "ns"))
    silent = small_market.assign(announcement_known=("announcement", never))
    model = rm.RiskModel().fit(silent)
    result = at.attribute(small_book, "Major 100", model, silent, period=SMALL_MONTH)
    assert "surprise" not in result.by("factor").index and model.left_out()["surprise", "earnings_surprise"].words()
    assert result.reconciliation["passed"].all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price = false", "[model.styles]: no style price to leave out. Known: profitability, growth"),
        ("reversal = { descriptors = {} }", "style 'reversal': descriptors is []; give a list with at least one."),
        ("reversal = { descriptor = {} }", "book.toml: unknown key 'descriptor' in [model.styles.reversal]. Known keys: "),
        ("market = { descriptors = { momentum = 1.0 } }", "style: the name 'market' is empty or taken."),
        (
            "reversal = { descriptors = { momentum = 0.0 } }",
            "book.toml: 'momentum' in [model.styles.reversal.descriptors]: 0.0; give a number from -1,000 to 1,000, not 0.",
        ),
        (
            "reversal = { descriptors = { momentum = nan } }",
            "book.toml: 'momentum' in [model.styles.reversal.descriptors]: nan; give a number from -1,000 to 1,000, not 0.",
        ),
    ],
)
def test_a_style_of_the_book_that_will_not_do_is_refused(small_copy, text, message):
    folder, _, _ = small_copy
    with (folder / "book.toml").open("a", encoding="utf-8") as book:
        book.write(f"\n[model.styles]\n{text}\n")
    with pytest.raises(at.InputError) as caught:
        at.read_book(folder / "book.toml")
    assert str(caught.value).startswith(message)
