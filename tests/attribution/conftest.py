"""The shipped month's pages and report, made once for all tests of what is in them."""

import io
import shutil
from functools import cache
from hashlib import sha256

import pandas as pd
import pypdf
import pytest
import xarray as xr

import attribution as at
from attribution.house_style.words import LANGUAGES
from attribution.portfolio import inputs
from attribution.reporting import write
from attribution.reporting.pages.page import render_page
from attribution.reporting.pdf import start_pdf
from attribution.reporting.tables.content import build_content
from riskmodel.market.market import MARKET_TABLES
from riskmodel.market.sources import Folder
from riskmodel.market.sources.exports import Exports
from riskmodel.market.tables import every_file, file_hash
from riskmodel.progress import silent
from tests.attribution.reporting.browser import Browser
from tests.attribution.reporting.page_reader import Reader
from tests.conftest import SMALL, SMALL_MONTH, of_few_draws, of_one, text_of_one

MOST_TABLES = 48  # of each kind of source, that are kept for a next test


@pytest.fixture(scope="session", autouse=True)
def a_table_of_the_same_bytes_is_read_once():
    """Copies of a folder share their tables, but for the one that a test changed; so do those of exports, mapped alike."""

    def once_each(read, files_of):
        latest = {}

        def table(source, name, spec=None):
            try:
                files = files_of(source, name)
            except (at.InputError, OSError):  # of another table, perhaps
                files = None
            if not files:
                return read(source, name, spec)
            key, left_out = (name, repr(spec), frozenset(files.items())), getattr(source, "dropped", {})
            if key not in latest:
                frame = read(source, name, spec)
                latest[key] = frame, {name: left_out[name]} if name in left_out else {}
            frame, counts = latest[key] = latest.pop(key)
            left_out.update(counts)
            for oldest in list(latest)[:-MOST_TABLES]:
                del latest[oldest]
            return None if frame is None else frame.copy()

        return table

    def only_file(source, name):
        files = every_file(source.folder, name)
        return {path.name: file_hash(path) for path in files} if [path.parent for path in files] == [source.folder] else None

    def mapped(source, name):
        return source.hashes() if name in source.maps else None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Folder, "table", once_each(Folder.table, only_file))
        patch.setattr(Exports, "table", once_each(Exports.table, mapped))
        yield


@pytest.fixture(scope="session", autouse=True)
def tables_of_the_same_bytes_are_read_once(a_table_of_the_same_bytes_is_read_once):
    """Books over the same tables share their market: commands, and copies of a folder of which another table changed."""
    read, latest = inputs.read_market, {}

    def read_once(source, *, progress=None):
        if type(source) not in (Folder, Exports) or progress not in (None, silent):
            return read(source, progress=progress)
        try:
            hashes = source.hashes().items()
        except (at.InputError, OSError):
            return read(source, progress=progress)
        key = frozenset((name, own) for name, own in hashes if name.partition(".")[0] in MARKET_TABLES)
        left_out = getattr(source, "dropped", {})
        if key not in latest:
            latest[key] = read(source), dict(left_out)
        market, counts = latest[key] = latest.pop(key)
        left_out.update(counts)
        for oldest in list(latest)[:-4]:
            del latest[oldest]
        return market.copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "read_market", read_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def pages_are_laid_out_once(once):
    """Two reports that send the same page to be laid out share its PDF: that its bytes are the same again, test_pdf says."""

    @cache
    def laid_out(page):
        def made():
            with start_pdf() as job:
                job.send(page)
                return job.result()

        return once(f"pdf-{sha256(page.encode()).hexdigest()}", made)

    class Job:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def send(self, page):
            self.page = page

        def result(self):
            return laid_out(self.page)

        emptiest = (1, 0)
        lines_wanted = (0, 0)

        @property
        def pages(self):
            return len(pypdf.PdfReader(io.BytesIO(self.result())).pages)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "start_pdf", Job)
        yield


@pytest.fixture(scope="session")
def lean_content(once, small_book, small_market, small_model):
    """Of one course and forecasts of few draws: where what is shown is the same for each; read only."""
    return once("lean", lambda: build_content(of_one(small_book), small_market, of_few_draws(small_model), SMALL_MONTH))


@pytest.fixture(scope="session")
def pages(once, page_content):
    return once("pages", lambda: {language: render_page(page_content, language) for language in LANGUAGES})


@pytest.fixture(scope="session")
def readers(pages):
    return {language: Reader(text) for language, text in pages.items()}


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A browser for all tests that want one."""
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def book_of_one(once, tmp_path_factory):
    """The file of the shipped book with one course, beside its tables; read only."""

    def write():
        folder = shutil.copytree(SMALL, tmp_path_factory.mktemp("one") / "small")
        path = folder / "book.toml"
        path.write_text(text_of_one(path.read_text(encoding="utf-8")), encoding="utf-8")
        return path

    return once("book-of-one", write)


@pytest.fixture(scope="session")
def whole_report(once, tmp_path_factory, book_of_one):
    """Every file of one course's month in every language and format, by a fit that no store had; read only."""

    def write():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cold")))
            return at.report(at.read_book(book_of_one), month=SMALL_MONTH, out=tmp_path_factory.mktemp("whole") / "out")

    return once("report", write)


FUND_SHARE = 0.1


def holding_fund(book, ticker, fund, share=FUND_SHARE):
    """The book, in which every list of major has a share in a fund, taken from its names alike."""
    own = book.holdings[book.holdings["portfolio"] == "major"]
    others = book.holdings[book.holdings["portfolio"] != "major"]
    bought = own[["portfolio", "date"]].drop_duplicates().assign(ticker=ticker, weight=share)
    holdings = pd.concat([others, own.assign(weight=own["weight"] * (1 - share)), bought], ignore_index=True)
    return book.model_copy(update={"holdings": holdings, "funds": {} if fund is None else {ticker: fund}})


@pytest.fixture(scope="session")
def etf_market(small_market):
    """With a level of the fund ETF, which earns what Small Index's does less a basis point a day."""
    level = small_market["index_level"]
    daily = (level.sel(index="Small Index") / level.sel(index="Small Index").shift(time=1) - 1).fillna(0.0) - 1e-4
    etf = (1 + daily).cumprod("time").drop_vars("index").expand_dims(index=["ETF"]).transpose(*level.dims)
    levels = xr.concat([level, etf], "index")
    other = small_market.drop_dims("index")
    return other.assign(index_level=levels)
