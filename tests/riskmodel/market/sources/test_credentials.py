"""A password comes from the environment, opens the database, and is seen nowhere: not in a message, a name or a hash."""

from __future__ import annotations

import traceback

import pandas as pd
import pytest

import attribution as at
from riskmodel.errors import InputError
from riskmodel.market.sources import open_source
from riskmodel.market.sources.address import expanded, require_no_secret, secrets_of

RATES = pd.DataFrame({"date": pd.to_datetime(["2025-03-03", "2025-03-04"]), "risk_free": [1e-4, 2e-4]})
HARD = "p@ss:w/ord?x=1&y #%41${USER}"  # every sign that means something in a URL


@pytest.fixture
def server(make_database, monkeypatch):
    """A database whose reader has a password of every sign, in the environment; and the URL that names it."""
    made = make_database("postgresql")
    made.fill({"rates": RATES})
    made.run(f"create role guarded login password '{HARD}'", "grant select on rates to guarded")
    yield made, made.data.replace(f"reader:{made.server.password}", "guarded:${HOUSE_PASSWORD}")
    made.run("drop owned by guarded", "drop role guarded")


def everything_said(error: BaseException, source: object) -> str:
    return "".join([*traceback.format_exception(error), str(error), repr(error), repr(source), repr(error.__traceback__)])


def test_a_password_of_any_signs_is_taken_from_the_environment(server, monkeypatch):
    _, url = server
    monkeypatch.setenv("HOUSE_PASSWORD", HARD)
    source = open_source(url)
    assert source.table("rates")["risk_free"].tolist() == [1e-4, 2e-4]
    assert HARD not in repr(source) + str(source.hashes())
    assert "guarded:${HOUSE_PASSWORD}@127.0.0.1" in repr(source)


def test_the_whole_url_may_be_a_variable_and_its_driver_reads_its_own(server, monkeypatch):
    made, url = server
    monkeypatch.setenv("HOUSE_PASSWORD", HARD)
    monkeypatch.setenv("DATABASE_URL", expanded(url).replace("postgresql://", "postgres://"))
    assert len(open_source("${DATABASE_URL}").table("rates")) == 2
    monkeypatch.setenv("PGPASSWORD", HARD)
    assert len(open_source(url.replace(":${HOUSE_PASSWORD}", "")).table("rates")) == 2
    monkeypatch.delenv("HOUSE_PASSWORD")
    with pytest.raises(
        InputError, match=r"the environment variable 'HOUSE_PASSWORD', which 'postgresql://guarded:.*' names, is"
    ):
        open_source(url)
    assert made.engine == "postgresql"


@pytest.mark.parametrize(
    "broken",
    [
        lambda url: url.replace("guarded", "nobody"),
        lambda url: url.replace("127.0.0.1", "nowhere.invalid"),
        lambda url: url + "_none",
        lambda url: url.replace("127.0.0.1:", "127.0.0.1:x"),
        lambda url: url.replace("postgresql", "postgresql+nothing"),
        lambda url: url.replace("postgresql", "nosuch"),
        lambda url: url + "?sslmode=nonsense",
        lambda url: url + "?connect_timeout=${HOUSE_PASSWORD}",
    ],
)
@pytest.mark.parametrize("length", [1, 20])  # a long one is cut in a message
def test_no_refusal_shows_it(server, monkeypatch, broken, length):
    _, url = server
    monkeypatch.setenv("HOUSE_PASSWORD", "unique-word-4711" * length)
    source = broken(url)
    with pytest.raises(InputError) as told:
        source = open_source(broken(url))
        source.table("rates")
    assert "unique-word-4711" not in everything_said(told.value, source)
    literal = broken(url).replace("guarded:${HOUSE_PASSWORD}", "guarded:" + "unique-word-4711" * length)
    with pytest.raises(InputError) as told:
        open_source(literal).table("rates")
    assert "unique-word-4711" not in everything_said(told.value, "")


def test_a_password_that_is_wrong_says_where_it_comes_from(server, monkeypatch):
    _, url = server
    monkeypatch.setenv("HOUSE_PASSWORD", "another")
    with pytest.raises(
        InputError, match=r"and the host, database, user and password in the environment's HOUSE_PASSWORD\.$"
    ):
        open_source(url).table("rates")


@pytest.mark.parametrize(
    "data",
    [
        "postgresql://reader:{}@host/market",
        "postgresql://reader@host/market?password={}",
        "s3://key:{}@bucket/market",
        "https://host/market?access_token={}",
    ],
)
def test_a_book_that_has_it_written_out_is_refused_without_showing_it(small_copy, data):
    folder, _, _ = small_copy
    path = folder / "book.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('data = "."', f'data = "{data.format("unique-word")}"'), encoding="utf-8")
    with pytest.raises(InputError, match=r"book\.toml: 'data' in \[book\] has a password or key written out.*\$\{") as told:
        at.read_book(path)
    assert "unique-word" not in everything_said(told.value, "")
    path.write_text(text.replace('data = "."', f'data = ["{data.format("unique-word")}"]'), encoding="utf-8")
    with pytest.raises(InputError, match=r"'data' in \[book\]") as told:
        at.read_book(path)
    assert "unique-word" not in everything_said(told.value, "")
    require_no_secret(data.format("${WORD}"), "data")


def test_what_a_message_says_of_any_url_has_no_password():
    assert "secret" not in str(
        InputError("cannot open postgresql://a:secret@b/c and s3://k:se@secret@b, x://h?api_key=secret")
    )


@pytest.mark.parametrize(
    "value",
    [
        '"postgresql://reader:S3cret@127.0.0.1/market"', " postgresql://reader:S3cret@127.0.0.1/market",
        "postgresql:/reader:S3cret@127.0.0.1/market", "reader:S3cret@127.0.0.1/market", "host=127.0.0.1 password=S3cret",
    ],
)  # fmt: skip
def test_a_variable_that_is_nearly_a_url_is_not_shown(monkeypatch, tmp_path, value):
    monkeypatch.setenv("DATABASE_URL", value)
    with pytest.raises(InputError, match=r"'\$\{DATABASE_URL\}' stands for no URL, .* not shown") as error:
        open_source("${DATABASE_URL}", base=tmp_path)
    assert "S3cret" not in everything_said(error.value, None)


def test_what_an_engine_takes_for_a_host_is_a_secret_too():
    assert {"S3cret", "Tail", "S3cret@Tail"} <= {*secrets_of("postgresql://reader:S3cret@Tail@127.0.0.1/market")}
    assert secrets_of("postgresql://reader@127.0.0.1/market") == []
