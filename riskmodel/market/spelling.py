"""One label, one spelling: width, blanks, invisible characters and case that tell nothing apart."""

from __future__ import annotations

import unicodedata

import pandas as pd

PLACEHOLDERS = frozenset({"nan", "none", "null", "n/a", "na", "#n/a", "nat", "-", "--"})  # of an empty cell


def plain(text: str) -> str:
    r"""A label of ordinary width, without invisible characters, one blank between words and none around.

    Examples
    --------
    >>> plain("Ｅｎｅｒｇｙ\u200b"), plain("  Real   Estate ")
    ('Energy', 'Real Estate')
    """
    visible = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    return " ".join(visible.split())


def one_spelling(labels: pd.Series) -> pd.Series:
    """Labels by their plain form, and of those that differ in case only the most frequent one; placeholders become NaN.

    Examples
    --------
    >>> one_spelling(pd.Series(["Energy", "energy", "Energy ", "NaN", None])).tolist()
    ['Energy', 'Energy', 'Energy', nan, nan]
    """
    known = labels.dropna()
    written = known.unique()
    plainly = {text: plain(text) for text in written}
    clean = known.map(plainly)
    clean = clean[~clean.str.casefold().isin(PLACEHOLDERS) & (clean != "")]
    counts = clean.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    most: dict[str, str] = {}
    for text in counts.index:
        most.setdefault(text.casefold(), text)
    return clean.map({text: most[text.casefold()] for text in counts.index}).reindex(labels.index)
