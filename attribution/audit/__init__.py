"""Is a published report consistent with itself, and with the data it was made from?

`run` applies the rules; `reading` reads the file of figures; `identities`, `rules` and `names` are the rules; `diagnosis`
and `slips` find the figure that is wrong and what was meant; `data` compares with a book.
"""

from __future__ import annotations

from attribution.audit.run import RULES, Audit, audit_figures, audit_report

__all__ = ["RULES", "Audit", "audit_figures", "audit_report"]
