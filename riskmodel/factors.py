"""Factors as data: the market's name, what a style is, and the fourteen that the model has by default."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Literal, get_args

from riskmodel.bounds import STYLE_WEIGHT, shown
from riskmodel.errors import InputError, listed

if TYPE_CHECKING:
    import xarray as xr

MARKET = "market"
BESIDE = (
    "specific",
    "cash",
    "cash_and_stopped",
    "unmodelled",
    "proxy",
    "trading",
    "fees",
    "currency",
    "hedge",
    "vendor_residual",
    "funds",
)  # rows of attribution/rows.py
CASH = "CASH"  # the ticker of cash
GROUPS = (MARKET, "country", "sector", "industry", "currency", "style")  # of factors, in the order of their rows
NO_TICKERS = frozenset({*(f"({row})" for row in BESIDE[3:]), f"{CASH} (stock)", "(benchmark)", "(rest)"})  # rows among names
RESERVED = frozenset({MARKET, *BESIDE, CASH}) | NO_TICKERS  # names that no factor may have
Language = Literal["ja", "en"]
LANGUAGES: tuple[str, ...] = get_args(Language)  # that pages are written in
LOOK_BACK = 260  # sessions that a descriptor may look back, with the close before the first


@dataclass(frozen=True)
class Descriptor:
    """A raw indicator of one's own: a function of the market.

    Attributes
    ----------
    name
        What tables call it.
    function
        Of a Dataset of `riskmodel.read_market`; gives (time, asset), higher meaning more of what it is named after, NaN
        where there is none. Row t may use only what is known at the close of day t; `RiskModel.fit` refuses others.
    look_back
        Sessions before a day that its value may depend on.
    """

    name: str
    function: Callable[[xr.Dataset], xr.DataArray]
    look_back: int = LOOK_BACK

    @property
    def digest(self) -> str:
        """What tells it from another: its code, and the values and functions that it takes from around it."""
        return hashlib.sha256(_told(self.function, ()).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Style:
    """A style factor: a weighted sum of standardised descriptors.

    Attributes
    ----------
    name
        Of the factor, in every table.
    descriptors
        Each the name of a built-in one (`riskmodel.exposures.DESCRIPTORS`) or of the market's table `descriptors`, a
        function of the market, or a `Descriptor`.
    weights
        One for each descriptor; by default equal, adding to one. A minus turns a descriptor round.
    texts
        Language ("en", "ja") -> the factor's name on pages; by default `name` itself. `{market}` in one is a place for what
        the book calls its market, "market" where it does not.
    orthogonal_to
        Styles that are taken out of this one, by an equal-weighted regression over the universe: what it adds to them.
        `ExposureSettings.orthogonalise` says otherwise where it names the style. A default style that a model has left out
        is taken out of none.

    Examples
    --------
    >>> Style("value", ["book_to_price", "dividend_yield"]).parts
    {'book_to_price': 0.5, 'dividend_yield': 0.5}
    """

    name: str
    descriptors: Sequence[Any]
    weights: Sequence[float] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    orthogonal_to: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip() or self.name in RESERVED:
            raise InputError(f"style: the name {self.name!r} is empty or taken. Taken: {', '.join(sorted(RESERVED))}.")
        if isinstance(self.descriptors, str) or not self.descriptors:
            raise InputError(f"style '{self.name}': descriptors is {self.descriptors!r}; give a list with at least one.")
        object.__setattr__(self, "descriptors", tuple(_described(self.name, d) for d in self.descriptors))
        weights = tuple(self.weights) or (1 / len(self.descriptors),) * len(self.descriptors)
        object.__setattr__(self, "weights", weights)
        names = [_name(d) for d in self.descriptors]
        if len(set(names)) < len(names):
            raise InputError(f"style '{self.name}': a descriptor stands twice among {listed(names)}. Name each once.")
        if len(weights) != len(names) or not all(map(STYLE_WEIGHT.admits, weights)):
            raise InputError(
                f"style '{self.name}': the weights {listed(map(shown, weights))} for {listed(names)}. "
                f"Give each {STYLE_WEIGHT.wanted}."
            )
        if isinstance(self.orthogonal_to, str) or not all(isinstance(other, str) for other in self.orthogonal_to):
            raise InputError(f"style '{self.name}': orthogonal_to is {self.orthogonal_to!r}; give a list of styles.")
        object.__setattr__(self, "orthogonal_to", tuple(self.orthogonal_to))

        texts = self.texts if isinstance(self.texts, Mapping) else {"": self.texts}
        if wrong := [language for language in texts if language not in LANGUAGES]:
            raise InputError(
                f"style '{self.name}': texts for {listed(map(repr, wrong))}. "
                f"Give names by language, such as {{'en': 'Reversal'}}; pages are written in {', '.join(LANGUAGES)}."
            )
        if wrong := [text for text in texts.values() if not isinstance(text, str) or not text.strip()]:
            raise InputError(f"style '{self.name}': the text {wrong[0]!r} is no name. Give one, or leave the language out.")

    @property
    def parts(self) -> dict[str, float]:
        """Descriptor -> its weight."""
        return dict(zip(map(_name, self.descriptors), self.weights, strict=True))

    @property
    def functions(self) -> dict[str, Descriptor]:
        """The descriptors that are functions of one's own, by name."""
        return {d.name: d for d in self.descriptors if isinstance(d, Descriptor)}


def require_styles(styles: Iterable[Style]) -> tuple[Style, ...]:
    """The styles as a tuple; refused where one is no `Style`, and where two styles or two descriptors share a name."""
    several = tuple(styles) if isinstance(styles, Iterable) else ()
    if not several or not all(isinstance(style, Style) for style in several):
        raise InputError("styles: give a list of riskmodel.Style, such as [*riskmodel.STYLES, my_style].")
    names = [style.name for style in several]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise InputError(f"styles: {listed(twice)} more than once. Give each its own name, or drop the one it replaces.")
    known: dict[str, object] = {}
    for style in several:
        for descriptor in style.descriptors:
            if known.setdefault(_name(descriptor), descriptor) != descriptor:
                raise InputError(
                    f"styles: two descriptors are called '{_name(descriptor)}', one of them in '{style.name}'. "
                    f"Rename a function, or give riskmodel.Descriptor(name, function)."
                )
    return several


def _described(style: str, descriptor: object) -> str | Descriptor:
    if isinstance(descriptor, str | Descriptor):
        return descriptor
    name = getattr(descriptor, "__name__", "")
    if not callable(descriptor) or not name.isidentifier():
        raise InputError(
            f"style '{style}': the descriptor {descriptor!r}. Give a name, a function made with def, or a Descriptor."
        )
    return Descriptor(name, descriptor)


def _name(descriptor: object) -> str:
    return descriptor.name if isinstance(descriptor, Descriptor) else str(descriptor)


def _told(value: Any, seen: tuple[int, ...]) -> str:
    """A value as text that is the same in every process; of a function its code and what it refers to, never its address."""
    if id(value) in seen:
        return "itself"
    seen = (*seen, id(value))
    if isinstance(value, partial):
        return f"partial {[_told(part, seen) for part in (value.func, value.args, value.keywords)]}"
    if isinstance(value, CodeType):
        return f"{value.co_code.hex()} {value.co_names} {[_told(part, seen) for part in value.co_consts]}"
    if isinstance(value, FunctionType):
        around = [cell.cell_contents for cell in value.__closure__ or ()]
        around += [value.__globals__[name] for name in value.__code__.co_names if name in value.__globals__]
        parts = (value.__code__, value.__defaults__, value.__kwdefaults__, *around)
        return f"function {[_told(part, seen) for part in parts]}"
    if isinstance(value, ModuleType | type | BuiltinFunctionType):
        return getattr(value, "__qualname__", value.__name__)
    if isinstance(value, dict):
        return f"dict {sorted((_told(key, seen), _told(item, seen)) for key, item in value.items())}"
    if isinstance(value, list | tuple):
        return f"list {[_told(part, seen) for part in value]}"
    if isinstance(value, set | frozenset):
        return f"set {sorted(_told(part, seen) for part in value)}"
    return repr(value)


STYLES: tuple[Style, ...] = (
    Style(
        "profitability",
        ("operating_margin", "return_on_equity", "return_on_assets"),
        texts={"en": "Profitability", "ja": "収益性"},
    ),
    Style("growth", ("revenue_growth", "ordinary_income_growth"), texts={"en": "Growth", "ja": "成長性"}),
    Style("activity", ("capital_turnover",), texts={"en": "Activity", "ja": "活動性"}),
    Style(
        "financial_safety",
        ("equity_ratio", "cash_flow_to_liabilities"),
        texts={"en": "Financial safety", "ja": "財務安全性"},
    ),
    Style("value", ("ordinary_income_to_price", "book_to_price"), texts={"en": "Value", "ja": "割安性"}),
    Style(
        "shareholder_return",
        ("dividend_yield", "paid_dividend_yield"),
        texts={"en": "Shareholder return", "ja": "株主還元性"},
    ),
    Style("surprise", ("earnings_surprise",), texts={"en": "Surprise", "ja": "サプライズ"}),
    Style("eps_stability", ("income_stability",), texts={"en": "EPS stability", "ja": "EPS安定性"}),
    Style("market_sensitivity", ("market_sensitivity",), texts={"en": "Market sensitivity", "ja": "{market}感応度"}),
    Style("size", ("log_market_cap",), texts={"en": "Size", "ja": "規模"}),
    Style("price_level", ("log_price",), texts={"en": "Price level", "ja": "価格水準"}),
    Style("momentum", ("momentum",), texts={"en": "60-day momentum", "ja": "モメンタム"}),
    Style(
        "volatility",
        ("volatility",),
        texts={"en": "Volatility", "ja": "変動性"},
        orthogonal_to=("market_sensitivity", "size"),
    ),
    Style("liquidity", ("traded_value",), texts={"en": "Liquidity", "ja": "流動性"}, orthogonal_to=("size",)),
)

RESEARCH_STYLES: tuple[Style, ...] = (
    Style("momentum", ("momentum_12_1",), texts={"en": "12-1-month momentum", "ja": "12-1カ月モメンタム"}),
    Style("reversal", ("reversal_21",), texts={"en": "Reversal", "ja": "リバーサル"}),
    Style("size", ("log_market_cap",), texts={"en": "Size", "ja": "規模"}),
    Style("market_sensitivity", ("market_sensitivity_252",), texts={"en": "Market sensitivity", "ja": "市場感応度"}),
    Style(
        "residual_volatility",
        ("residual_volatility",),
        texts={"en": "Residual volatility", "ja": "残差変動性"},
        orthogonal_to=("market_sensitivity", "size"),
    ),
    Style(
        "share_turnover",
        ("share_turnover",),
        texts={"en": "Share turnover", "ja": "売買回転率"},
    ),
    Style("book_to_price", ("book_to_price",), texts={"en": "Book to price", "ja": "純資産株価比率"}),
    Style(
        "earnings_yield",
        ("net_income_to_price",),
        texts={"en": "Earnings yield", "ja": "益利回り"},
        orthogonal_to=("book_to_price",),
    ),
    Style(
        "cash_flow_yield",
        ("cash_flow_to_price",),
        texts={"en": "Cash flow yield", "ja": "キャッシュフロー利回り"},
        orthogonal_to=("book_to_price",),
    ),
    Style(
        "dividend_yield",
        ("dividend_yield", "paid_dividend_yield"),
        texts={"en": "Dividend yield", "ja": "配当利回り"},
    ),
    Style("gross_profitability", ("gross_profitability",), texts={"en": "Gross profitability", "ja": "売上総利益率"}),
    Style("growth", ("asset_growth", "revenue_growth"), texts={"en": "Growth", "ja": "成長性"}),
    Style(
        "leverage",
        ("market_leverage",),
        texts={"en": "Leverage", "ja": "財務レバレッジ"},
        orthogonal_to=("book_to_price",),
    ),
    Style("surprise", ("earnings_surprise",), texts={"en": "Surprise", "ja": "サプライズ"}),
)

STYLE_TABLES: Mapping[str, tuple[Style, ...]] = {"published": STYLES, "research": RESEARCH_STYLES}
