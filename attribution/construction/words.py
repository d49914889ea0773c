"""Facts of a list in English, by their keys; pages have them in both languages from the messages."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "no_forecast_of": "{names} of {of} names that might be held have no forecast, and are left out",
    "no_price_of": "{names} of {of} names that might be held have no price at the close, and are left out",
    "benchmark_not_invested": "{index}: {weight:.2%} of its weight is cash or in names that no longer trade, and is left "
    "out, the rest scaled to one",
    "no_score_of": "{names} of {of} names that might be held have no score, and are left out",
    "scores_of_nobody": "scores '{score}': {names} of names that the prices do not have, misspelt or without prices, are "
    "left out: {tickers}",
    "scores_older": "scores '{score}': {names} of {of} are older than the newest, of {date}; the oldest is {days} days old",
    "scores_far": "scores '{score}': {names} of {of} are more than ten standard deviations from the others ({largest} the "
    "furthest), and count as they are: {tickers}",
    "rules_without_effect": "no list is outside the bounds of {rules}: they are without effect",
    "excluded_absent": "{names} of {of} names that are excluded are nothing to this close: {tickers}",
    "benchmark_without_forecast": "{names} names of {index} without a forecast ({weight:.2%} of its weight) are left out, "
    "the others scaled to one",
    "first_list": "nothing was held before: everything is bought, and no rule on turnover counts",
    "turnover_raised": "what must be sold alone is more than the limit of turnover, which is raised to {turnover:.1%}",
    "not_proved": "the search ended before the gap was proved: a better list may be at most {gap:.2%} better",
    "not_reproducible": "the search was ended by the clock: it may give another list next time",
}
REASONS: Mapping[str, str] = {
    "score": "score among the best",
    "risk": "for risk or a rule",
    "kept": "was held; turnover or risk",
    "held": "must be held",
    "fixed": "weight is given",
    "sold": "sold",
    "left": "left the universe",
    "excluded": "excluded by a rule",
    "cash": "not invested",
}
