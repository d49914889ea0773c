"""Leaves out the examples whose extra is not installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("dask") else ["methodology/scale.md"]
