"""Tables that a commentary is written from: those of the shipped month, and small ones made by hand."""

import pickle
import re

import pandas as pd

from attribution.measures.drivers import judge
from attribution.portfolio.settings.sections import Drivers
from attribution.reporting.commentary.check import check_commentary
from attribution.reporting.commentary.draft import draft

MONTH = "2025-03"
COURSE = "Major 100"


def factor_row(factor, group, exposure, returned, contribution, t, course=COURSE):
    return {
        "course": course, "factor": factor, "group": group, "active_exposure": exposure, "factor_return": returned,
        "contribution": contribution, "standard_error": abs(contribution / t) if t else 0.0, "t": t,
        "second_contribution": contribution,
    }  # fmt: skip


def judged(rows, rule=None):
    """The table `factor_contributions` of some rows: each course's are judged together."""
    frame = pd.DataFrame(rows)
    frame = frame.drop(columns=["material", "significant", "robust", "driver"], errors="ignore")
    parts = [judge(own, rule or Drivers()) for _, own in frame.groupby("course", sort=False)]
    return pd.concat([frame, pd.concat(parts)], axis=1)


def one_driver(factor, group, exposure, returned, contribution, t=4.0):
    """Tables with one factor, told in the wording that the first place has."""
    rows = judged([factor_row(factor, group, exposure, returned, contribution, t)])
    month = rows[["factor", "group", "t"]].assign(**{"return": returned, "standard_error": 0.001})
    return {"factor_contributions": rows, "factor_month": month}


def renamed(tables, names):
    """Tables whose labels, columns and rows alike, bear other names."""
    out = {}
    for table, frame in tables.items():
        changed = frame.rename(columns=names).copy()
        for column in changed.columns:
            if pd.api.types.is_string_dtype(changed[column]) or changed[column].dtype == object:
                changed[column] = changed[column].map(
                    lambda value: names.get(value, value) if isinstance(value, str) else value
                )
        out[table] = changed
    return out


def copied(tables):
    return pickle.loads(pickle.dumps(dict(tables)))


def checked(text, tables, book, *, language="en", month=MONTH):
    """Findings of a text that lacks its first line."""
    return check_commentary(f"<!-- commentary {month} {language} -->\n{text}", tables, book=book, month=month)


def bare(text):
    """A draft as a reader sees it: figures without their addresses."""
    return re.sub(r"\]\(<[^>]*>\)", "]", text).replace("[", "").replace("]", "")


def drafted(tables, book, language="en", month=MONTH, **options):
    return draft(tables, book=book, month=month, language=language, **options)
