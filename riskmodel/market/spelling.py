"""One label, one spelling: width, blanks, invisible characters and case that tell nothing apart."""

from __future__ import annotations

import unicodedata

import pandas as pd

from riskmodel.market.findings import Findings
from riskmodel.market.industries import COLUMNS

CATEGORIES = ("sector", *COLUMNS)
PLACEHOLDERS = frozenset(  # of an empty cell, in lower case
    {"-", "--", "－", "—", "–", "***", "nan", "nat", "none", "null", "na", "n/a", "n.a."}
    | {"#na", "#n/a", "#n/a n/a", "#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!"}
    | {"#nv", "#n/v", "#n/d", "#nd", "#n/b", "#wert!", "#bezug!", "#zahl!", "#valeur!"}  # of workbooks in other languages
)


def stands_for_none(text: str) -> bool:
    """Whether a cell's text is one that programs write where they have nothing.

    Examples
    --------
    >>> stands_for_none(" #N/A"), stands_for_none("0")
    (True, False)
    """
    return text.strip().casefold() in PLACEHOLDERS


def plain(text: str) -> str:
    r"""A label of ordinary width, without invisible characters, one blank between words and none around.

    Examples
    --------
    >>> plain("Ｅｎｅｒｇｙ\u200b"), plain("  Real   Estate ")
    ('Energy', 'Real Estate')
    """
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    return " ".join(text.split())


def spelt(labels: pd.Series, column: str) -> pd.Series:
    """A column of securities: sectors and industries in one spelling, names and codes in their plain form.

    Of a code case may tell two apart, and "NA" is a company.

    Examples
    --------
    >>> spelt(pd.Series(["NA", "na "]), "issuer").tolist(), spelt(pd.Series(["NA", "it", "IT", "IT"]), "sector").tolist()
    (['NA', 'na'], [nan, 'IT', 'IT', 'IT'])
    """
    return one_spelling(labels) if column in CATEGORIES else plain_labels(labels)


def plain_labels(labels: pd.Series) -> pd.Series:
    """Labels by their plain form; what is left of nothing is NaN.

    Examples
    --------
    >>> plain_labels(pd.Series(["NA", "ＮＡ ", " ", None])).tolist()
    ['NA', 'NA', nan, nan]
    """
    known = labels.dropna()
    clean = known.map({text: plain(text) for text in known.unique()})
    return clean[clean != ""].reindex(labels.index)


def one_spelling(labels: pd.Series) -> pd.Series:
    """Labels by their plain form, and of those that differ in case only the most frequent one; placeholders become NaN.

    Examples
    --------
    >>> one_spelling(pd.Series(["Energy", "energy", "Energy ", "NaN", None])).tolist()
    ['Energy', 'Energy', 'Energy', nan, nan]
    """
    clean = plain_labels(labels).dropna()
    clean = clean[~clean.map(stands_for_none).astype(bool)]
    counts = clean.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    most: dict[str, str] = {}
    for text in counts.index:
        most.setdefault(text.casefold(), text)
    return clean.map({text: most[text.casefold()] for text in counts.index}).reindex(labels.index)


def respelt(table: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Sectors, issuers and industries in one spelling each; what was written unlike others, or for nothing, is counted."""
    labels = {column: spelt(table[column], column) for column in (*CATEGORIES, "issuer") if column in table}
    for column, after in labels.items():
        before = table[column]
        spellings = before.groupby(after).transform("nunique").to_numpy()
        findings.add("securities", "respelt", table["ticker"][(spellings > 1) & (after != before)], column=column)
        findings.add("securities", "placeholder", table["ticker"][before.notna() & after.isna()], column=column)
    return table.assign(**labels)
