"""Rules as a file has them: a name and its settings -> a rule, by the one validator that the rules themselves are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields

from riskmodel.bounds import shown
from riskmodel.errors import InputError, listed
from riskmodel.optimisation.rules import RULES, Rule

BY_KEY: Mapping[str, type] = {rule.key: rule for rule in RULES}  # type: ignore[attr-defined]


def read_rule(entry: object) -> Rule:
    """A rule of `{ rule = KEY, ... }`.

    Parameters
    ----------
    entry
        `rule`, one of the keys of `riskmodel.optimisation.rules`, and the fields of that rule.

    Returns
    -------
    Rule

    Raises
    ------
    InputError
        For an unknown rule or setting, a setting that is missing or outside its bounds; the known ones are listed.

    Examples
    --------
    >>> read_rule({"rule": "band", "grouping": "sector", "within": 0.05})
    GroupBand(grouping='sector', within=0.05)
    """
    if not isinstance(entry, Mapping):
        raise InputError(f'rules: {shown(entry)}; give a rule as {{ rule = "weight", most = 0.10 }}.')
    settings = dict(entry)
    key = settings.pop("rule", None)
    if key not in BY_KEY:
        raise InputError(f"rules: no rule {shown(key)}. Known: {', '.join(BY_KEY)}.")
    rule = BY_KEY[key]
    known = [field.name for field in fields(rule)]
    if unknown := [name for name in settings if name not in known]:
        raise InputError(f"rules: '{key}' has no setting '{unknown[0]}'. It has: {', '.join(known)}.")
    lacking = [
        f.name for f in fields(rule) if f.default is MISSING and f.default_factory is MISSING and f.name not in settings
    ]
    if lacking:
        raise InputError(f"rules: '{key}' needs {listed(map(repr, lacking))}.")
    made: Rule = rule(**{name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()})
    return made
