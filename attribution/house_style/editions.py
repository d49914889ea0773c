"""The editions of a report: for analysts, all there is; for clients, what a client asks."""

from __future__ import annotations

from typing import Literal

Edition = Literal["analyst", "client"]
