"""Leaves out what is no example, and the examples whose extra is not installed."""

from importlib.util import find_spec

collect_ignore = ["conf.py"] if find_spec("dask") else ["conf.py", "methodology/scale.md"]
