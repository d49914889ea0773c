"""The part that is compiled: without a compiler the installation goes on, and numpy does its work. All else is setup.cfg."""

from setuptools import Extension, setup

LOOPS = Extension(
    "riskmodel.estimation.kernel._loops",
    [f"riskmodel/estimation/kernel/{name}.c" for name in ("loops", "windows")],
    depends=["riskmodel/estimation/kernel/loops.h"],
    extra_compile_args=["-O3", "-g0", "-Wno-psabi", "-fno-math-errno", "-fno-tree-loop-distribute-patterns"],
    py_limited_api=True,  # one wheel for every Python
    optional=True,
)
setup(ext_modules=[LOOPS], options={"bdist_wheel": {"py_limited_api": "cp311"}})
