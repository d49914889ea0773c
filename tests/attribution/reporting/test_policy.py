"""The pages' security policy: what they carry runs under it, and nothing of theirs stands outside it."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from attribution.house_style.words import LANGUAGES
from attribution.reporting.policy import with_policy


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_admits_its_own_styles_and_scripts_by_hash_and_has_none_in_attributes(pages, language):
    page = with_policy(pages[language])
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)[1]
    assert page.index(policy) < page.index("<style>") < page.index("<script>")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and not re.search(r"unsafe|https?:|\*", policy)
    for kind in ("style", "script"):
        carried = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        own = {f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in carried}
        assert carried and set(rules[f"{kind}-src"].split()) == own
    assert not re.search(r'<[^>]*\sstyle="', page) and not re.search(r"<[^>]*\son\w+=", page)


def test_a_page_without_a_script_admits_none():
    page = with_policy('<meta charset="utf-8"><style>p { color: red }</style>')
    assert "script-src" not in page and page.count("sha256-") == 1
