"""What can be chosen is written once: commands, refusals, mathematics and docs have the same names."""

import subprocess
import sys
from typing import get_args

import pytest

from attribution.brinson.choices import INTERACTIONS, METHODS, MISSING
from attribution.cli import _parser
from attribution.house_style.words import LANGUAGES
from attribution.linking.linking import _SCALES
from attribution.linking.methods import DAY_SCALING, LINKS, TOTALS_ONLY
from attribution.reporting.formats import FORMATS
from riskmodel.factors import Language
from tests.conftest import ROOT


def help_of(capsys, command):
    with pytest.raises(SystemExit):
        _parser().parse_args([command, "--help"])
    return " ".join(capsys.readouterr().out.split())


def test_the_commands_offer_every_choice_there_is(capsys):
    explain, brinson, report = (help_of(capsys, command) for command in ("explain", "brinson", "report"))
    for text, links in ((explain, DAY_SCALING), (brinson, LINKS)):
        for choices in (links, METHODS, INTERACTIONS, MISSING):
            assert "{" + ",".join(choices) + "}" in text
    assert ",".join(FORMATS) in report
    assert ",".join(LANGUAGES) in report


def test_every_method_of_linking_has_its_mathematics_and_is_on_its_page():
    page = (ROOT / "docs" / "methodology" / "linking.md").read_text(encoding="utf-8").lower()
    assert tuple(_SCALES) == DAY_SCALING
    for method in (*DAY_SCALING, *TOTALS_ONLY):
        assert method in page


def test_a_book_is_in_a_language_of_the_pages():
    assert get_args(Language) == LANGUAGES


def test_the_parser_of_the_commands_loads_no_numerics():
    code = (
        "import sys; from attribution.cli import _parser; _parser(); print({'numpy', 'pandas', 'xarray'} & {*sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip() == "set()"
