"""Pages and files of a report: no mathematics in them.

The package bears the name of its one public function, so it can be called: `attribution.report(book, month=..., out=...)` is
`attribution.report.write.report`, whichever of the two was imported first.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attribution.report.write import ReportFiles


class _CallablePackage(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> ReportFiles:
        from attribution.report.write import report

        return report(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
