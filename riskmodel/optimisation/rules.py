"""Rules that a list of weights keeps: plain data, which a book can hold and a message can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from riskmodel.bounds import SHARE, SHARE_LIMIT, Bound, require_settings, shown, whole_number
from riskmodel.errors import InputError, listed

RATIO = Bound("a share of the reference's volatility from 0 to 10 (1.1 is 110 %)", least=0, most=10)
DEVIATION = Bound("a decimal from 0 to 2 (0.05 is five points of weight)", least=0, most=2)
EXPOSURE = Bound("an exposure more or less than the benchmark's, from -100 to 100", least=-100, most=100)
TRADED = Bound("a decimal from 0 to 2, half the sum of all changes (0.2 is 20 %)", least=0, most=2)
BENCHMARK = "benchmark"


def _require_order(owner: str, rule: object, least: str, most: str) -> None:
    low, high = getattr(rule, least), getattr(rule, most)
    if low is None and high is None:
        raise InputError(f"{owner}: neither {least} nor {most} is given. Give one of them.")
    if low is not None and high is not None and low > high:
        raise InputError(f"{owner}: {least} is {low:g}, above {most}, {high:g}.")


def _require_given(owner: str, rule: object, bound: Bound, names: list[str]) -> None:
    require_settings(owner, rule, bound, [name for name in names if getattr(rule, name) is not None])


def _require_names(owner: str, names: object) -> None:
    if not isinstance(names, tuple | list):
        raise InputError(f'{owner}: names is {shown(names)}; give a list of names, such as ["A", "B"].')
    if strange := [name for name in names if not isinstance(name, str)]:
        raise InputError(f'{owner}: names has {shown(strange[0])}; give each as a text, such as ["A", "B"].')


@dataclass(frozen=True)
class NameCount:
    """How many names are held, cash not among them; with `least`, each at `NameWeight`'s least weight or more."""

    key: ClassVar[str] = "names"
    least: int | None = None
    most: int | None = None

    def __post_init__(self) -> None:
        _require_given(self.key, self, whole_number("names"), ["least", "most"])
        _require_order(self.key, self, "least", "most")


@dataclass(frozen=True)
class NameWeight:
    """The weight of a name that is held."""

    key: ClassVar[str] = "weight"
    least: float = 0.005
    most: float = 1.0

    def __post_init__(self) -> None:
        require_settings(self.key, self, SHARE, ["least"])
        require_settings(self.key, self, SHARE_LIMIT, ["most"])
        _require_order(self.key, self, "least", "most")


@dataclass(frozen=True)
class CashWeight:
    """What is not invested; without the rule, nothing."""

    key: ClassVar[str] = "cash"
    least: float = 0.0
    most: float = 0.0

    def __post_init__(self) -> None:
        require_settings(self.key, self, SHARE, ["least", "most"])
        _require_order(self.key, self, "least", "most")


@dataclass(frozen=True)
class GroupBand:
    """Each group's weight within so much of its weight in the benchmark."""

    key: ClassVar[str] = "band"
    grouping: str
    within: float

    def __post_init__(self) -> None:
        require_settings(f"{self.key} of {self.grouping}", self, DEVIATION, ["within"])


@dataclass(frozen=True)
class GroupLimit:
    """Each group's weight at most so much, or so many of its names: an issuer's share classes together, say."""

    key: ClassVar[str] = "group"
    grouping: str
    most: float | None = None
    names: int | None = None

    def __post_init__(self) -> None:
        owner = f"{self.key} of {self.grouping}"
        _require_given(owner, self, SHARE_LIMIT, ["most"])
        _require_given(owner, self, whole_number("names"), ["names"])
        if self.most is None and self.names is None:
            raise InputError(f"{owner}: neither most nor names is given. Give one of them.")


@dataclass(frozen=True)
class ExposureBand:
    """Exposure to a factor, less the benchmark's."""

    key: ClassVar[str] = "exposure"
    factor: str
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        owner = f"{self.key} to {self.factor}"
        _require_given(owner, self, EXPOSURE, ["lower", "upper"])
        _require_order(owner, self, "lower", "upper")


@dataclass(frozen=True)
class VolatilityBand:
    """Forecast volatility over that of a reference: the benchmark, or another list of weights by name."""

    key: ClassVar[str] = "volatility"
    lower: float | None = None
    upper: float | None = None
    reference: str = BENCHMARK

    def __post_init__(self) -> None:
        _require_given(self.key, self, RATIO, ["lower", "upper"])
        _require_order(self.key, self, "lower", "upper")


@dataclass(frozen=True)
class TrackingError:
    """Forecast volatility of the difference from the benchmark, in the unit of the covariance's root."""

    key: ClassVar[str] = "tracking_error"
    most: float

    def __post_init__(self) -> None:
        require_settings(self.key, self, SHARE_LIMIT, ["most"])


@dataclass(frozen=True)
class Turnover:
    """Half the sum of absolute changes of weight, cash and what must be sold included."""

    key: ClassVar[str] = "turnover"
    most: float

    def __post_init__(self) -> None:
        require_settings(self.key, self, TRADED, ["most"])


@dataclass(frozen=True)
class Held:
    """Names that must be in the list, each at `NameWeight`'s least weight or more."""

    key: ClassVar[str] = "held"
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_names(self.key, self.names)


@dataclass(frozen=True)
class Excluded:
    """Names that may not be in the list."""

    key: ClassVar[str] = "excluded"
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_names(self.key, self.names)


@dataclass(frozen=True)
class FixedWeights:
    """Weights that are given, in the place of the least and the most of `NameWeight`; 0 is not held."""

    key: ClassVar[str] = "fixed"
    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.weights, Mapping):
            raise InputError(f"{self.key}: weights is {shown(self.weights)}; give weights by name, such as {{ A = 0.03 }}.")
        for name, weight in self.weights.items():
            if not SHARE.admits(weight):
                raise InputError(f"{self.key}: weight of '{name}' is {weight!r}; it must be {SHARE.wanted}.")


Rule = (
    NameCount | NameWeight | CashWeight | GroupBand | GroupLimit | ExposureBand | VolatilityBand | TrackingError | Turnover
    | Held | Excluded | FixedWeights
)  # fmt: skip
RULES: tuple[type, ...] = (
    NameCount, NameWeight, CashWeight, GroupBand, GroupLimit, ExposureBand, VolatilityBand, TrackingError, Turnover,
    Held, Excluded, FixedWeights,
)  # fmt: skip
SEVERAL = (GroupBand, GroupLimit, ExposureBand, VolatilityBand)  # that a list may have more than one of


def label(rule: Rule) -> str:
    """What tells a rule from the others of a list.

    Examples
    --------
    >>> label(GroupBand("sector", 0.05)), label(Turnover(0.2))
    ('band of sector', 'turnover')
    """
    match rule:
        case GroupBand() | GroupLimit():
            return f"{rule.key} of {rule.grouping}"
        case ExposureBand():
            return f"{rule.key} to {rule.factor}"
        case VolatilityBand() if rule.reference != BENCHMARK:
            return f"{rule.key} against {rule.reference}"
        case _:
            return rule.key


def never_binds(rule: Rule) -> bool:
    """Whether no list of weights from 0 that sum to one is outside a rule's bounds, whatever the benchmark.

    Examples
    --------
    >>> never_binds(GroupBand("sector", 1.0)), never_binds(Turnover(2.0)), never_binds(Turnover(0.2))
    (True, True, False)
    """
    match rule:
        case GroupBand():
            return rule.within >= 1
        case GroupLimit():
            return rule.names is None and rule.most == 1
        case Turnover():
            return rule.most >= 1
        case _:
            return False


def with_defaults(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Rules with those that hold where none of their kind is given: no cash; and a least weight where a name must count.

    Raises
    ------
    InputError
        Where names must be held, or so many of them, and their least weight is 0: what is not held would count.

    Examples
    --------
    >>> [label(rule) for rule in with_defaults((NameCount(least=20),))]
    ['names', 'cash', 'weight']
    """
    counting = [rule for rule in rules if isinstance(rule, Held) or (isinstance(rule, NameCount) and rule.least)]
    weight = next((rule for rule in rules if isinstance(rule, NameWeight)), None)
    if counting and weight is not None and not weight.least:
        raise InputError(
            f"{label(counting[0])}: the least weight of a name is 0, so that a name that is not held would count. Give a "
            f"NameWeight with a least weight."
        )
    cash: tuple[Rule, ...] = () if any(isinstance(rule, CashWeight) for rule in rules) else (CashWeight(),)
    return rules + cash + ((NameWeight(),) if counting and weight is None else ())


def require_rules(rules: object) -> tuple[Rule, ...]:
    """Rules, each of its kind once, or what is wrong with them."""
    if not isinstance(rules, tuple | list):
        raise InputError(f"rules: is of type {type(rules).__name__}, not list. Give a list of rules.")
    given = tuple(rules)
    for rule in given:
        if not isinstance(rule, RULES):
            raise InputError(
                f"rules: is of type {type(rule).__name__}. The rules are {', '.join(r.__name__ for r in RULES)}."
            )
    names = [label(rule) for rule in given]
    again = [name for number, name in enumerate(names) if name in names[:number]]
    if again:
        raise InputError(f"rules: '{again[0]}' is there twice. Keep one.")
    fixed = next((rule.weights for rule in given if isinstance(rule, FixedWeights)), {})
    for rule in given:
        if isinstance(rule, Excluded | Held):
            wanted = isinstance(rule, Held)
            if against := [name for name in rule.names if name in fixed and (fixed[name] > 0) != wanted]:
                weight = fixed[against[0]]
                raise InputError(
                    f"{FixedWeights.key}: a weight of {weight:g} is given to {listed(against)}, which '{rule.key}' "
                    f"{'wants in the list' if wanted else 'leaves out'}. Take the name out of one of the two."
                )
    return given
