"""The sections of a book, one class each; docs/reference/book.md explains every key."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from attribution.house_style.numbers import NegativeStyle
from attribution.portfolio.settings.bound_types import (
    BasisPoints,
    BlendReset,
    Cost,
    Currency,
    Day,
    Digits,
    EachOnce,
    Exchange,
    Line,
    NameCount,
    Named,
    NameRange,
    Part,
    Rounding,
    Said,
    Share,
    ShareInside,
    ShareLimit,
    SleeveStart,
    StyleWeight,
    YearlyRate,
    false_or,
)
from attribution.portfolio.settings.house import Colours, LegalText, TextPath, TextSection
from riskmodel.errors import InputError, listed
from riskmodel.factors import STYLE_TABLES, Language, Style
from riskmodel.model.given_risk import Form
from riskmodel.model.model import RiskModel

UNCOVERED_MAX = 0.05  # of the weight of held names that a model leaves out
UNPRICED_MAX = 0.2  # of the weight of a benchmark's list, in names that the market has no prices of
Delisted = Literal["error", "cash"]


class General(Part):
    """[book]."""

    name: Named
    data: Line
    currency: Currency = "USD"
    market: Named | None = None
    calendar: Exchange | None = None
    inception: Day
    track_record_start: Day | None = None
    risk_free: YearlyRate = 0.0
    languages: Annotated[tuple[Language, ...], EachOnce] = ("ja", "en")
    delisted: Delisted = "error"
    returns: Literal["holdings", "actual"] = "holdings"
    long_short: StrictBool = False
    transaction_cost_bps: Cost | None = None
    uncovered_max: Share = UNCOVERED_MAX
    weight_tolerance: Rounding = 0.0
    blend_reset: BlendReset = "monthly"


class Benchmark(Part):
    """[benchmarks.NAME]: what the benchmark is, one of three: an index's constituents, the largest companies by
    capitalisation, or nothing but the returns of its level.
    """

    constituents: Line | None = None
    largest: NameCount | None = None
    returns_only: StrictBool = False
    unpriced_max: Share = UNPRICED_MAX

    @property
    def said(self) -> list[str]:
        """Which of the three it says to be."""
        named = {"constituents": self.constituents is not None, "largest": self.largest is not None}
        return [name for name, there in (named | {"returns_only": self.returns_only}).items() if there]


class Fund(Part):
    """[funds.TICKER]: a fund that a portfolio holds, looked through by a list of its own or carried whole by choice."""

    constituents: Line | None = None
    carried: Literal["unmodelled"] | None = None


class Sleeve(Part):
    """[sleeves.NAME]: a portfolio of the holdings table and its benchmark; `inception` where it is younger than the book,
    `strategy` where another than the one of its own key made its lists.
    """

    holdings: Line
    benchmark: Line
    strategy: Line | None = None
    inception: SleeveStart | None = None
    name: Named | None = None
    style: Named | None = None


class Negative(Part):
    """[report] negative: how a negative number is written."""

    ja: NegativeStyle = "△"
    en: NegativeStyle = "minus"


class Report(Part):
    """[report]."""

    indices: tuple[Line, ...] = ()
    negative: Negative = Negative()
    disclaimer: Said | None = None
    hypothetical: StrictBool | Said = False
    prepared: Day | None = None
    sections: tuple[TextSection, ...] = ()
    legal: tuple[LegalText, ...] = ()
    stock_texts: TextPath | None = None
    template_dir: Line | None = None
    logo: TextPath | None = None
    colours: Colours = Colours()
    names: dict[str, Named] = Field(default_factory=dict)


class RiskBand(Part):
    """[limits] risk_band: volatility within a share of an index's."""

    index: Line
    within: ShareLimit


class Limits(Part):
    """[limits], checked on every sleeve."""

    names: NameRange | None = None
    weight_max: ShareLimit | None = None
    sector_deviation_max: ShareLimit | None = None
    risk_band: RiskBand | None = None


class Accepted(Part):
    """[[accepted]]: that one finding on the inputs was looked at, by whom, and why it stands."""

    key: Line
    table: Line
    ticker: Line | None = None
    index: Line | None = None
    date: Day | None = None
    by: str
    why: str

    @property
    def subject(self) -> str:
        """The ticker, index or portfolio that it is about; empty where it is the table as a whole."""
        return self.ticker or self.index or ""


class Drivers(Part):
    """[drivers]: which rows of a sleeve's contributions are named as drivers; docs/methodology/drivers.md."""

    material_bp: BasisPoints = 5.0
    material_share: Share = 0.05
    false_discovery_rate: ShareInside = 0.05


class OwnStyle(Part):
    """[model.styles.NAME]: a style made of built-in descriptors, or of those of the table `descriptors`."""

    descriptors: dict[str, StyleWeight]
    name: Named | None = None


OF_GIVEN = {"source", "covariance"}  # keys of [model] that a given model has
OwnOrNone = Annotated[OwnStyle | Literal[False], false_or("false to leave the style out, or descriptors")]


class Model(Part):
    """[model]: settings of a fit, or a given model from the tables model_*."""

    source: Literal["fit", "tables"] = "fit"
    covariance: Form = "full"
    store: Line | None = None
    style_table: Line = "published"
    industry: Annotated[Line | Literal[False] | None, false_or("a column of securities, or false for none")] = None
    industry_digits: Digits = 2
    styles: dict[str, OwnOrNone] = Field(default_factory=dict)

    def risk_model(self) -> RiskModel:
        """The model that the book asks for: a table of styles, less those that are set to false, and the book's own.

        Raises
        ------
        InputError
            For an unknown table, for a style that is not in it and set to false, for what `riskmodel.Style` refuses, and for
            settings of a fit where the model is given, or the other way round.
        """
        stated = self.model_fields_set
        if self.source == "tables" and (others := sorted(stated - OF_GIVEN)):
            raise InputError(
                f"[model]: '{others[0]}' is a setting of a model that is fitted, and source = \"tables\" takes one that is "
                f"given. Leave one of the two out."
            )
        if self.source == "fit" and "covariance" in stated:
            raise InputError(
                "[model]: 'covariance' says how the table model_covariance is given, and the model is fitted. Set source = "
                '"tables", or leave covariance out.'
            )
        if self.style_table not in STYLE_TABLES:
            raise InputError(f"[model] style_table: unknown {self.style_table!r}. Known: {', '.join(STYLE_TABLES)}.")
        styles = STYLE_TABLES[self.style_table]
        names = [style.name for style in styles]
        if unknown := [name for name, own in self.styles.items() if own is False and name not in names]:
            raise InputError(f"[model.styles]: no style {listed(unknown)} to leave out. Known: {', '.join(names)}.")
        own = [_style(name, style) for name, style in self.styles.items() if style is not False]
        table = [*(style for style in styles if style.name not in self.styles), *own]
        return RiskModel(styles=table, industry=self.industry, industry_digits=self.industry_digits)


def _style(name: str, own: OwnStyle) -> Style:
    texts = {} if own.name is None else {"ja": own.name.ja, "en": own.name.en}
    return Style(name, list(own.descriptors), list(own.descriptors.values()), texts)
