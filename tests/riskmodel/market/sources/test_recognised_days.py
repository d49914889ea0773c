"""Days and encodings of exports that nobody has described: a form that is clear is stated, and else asked."""

from __future__ import annotations

import pandas as pd
import pytest

from riskmodel.errors import InputError
from riskmodel.market.encodings import encoding_of, encodings_of
from riskmodel.market.sources.exports import Exports
from riskmodel.market.sources.mapping import OPEN, TableMap
from riskmodel.market.sources.recognition.drafts import UNREAD, Draft
from riskmodel.market.sources.recognition.looking.files import Seen, look
from riskmodel.market.sources.recognition.recognise import recognise
from tests.riskmodel.market.sources.odd_folders import lists
from tests.riskmodel.market.sources.test_recognised_houses import draft, master

DAYS = pd.bdate_range("2024-11-01", "2025-01-31")
WRITTEN = {
    "{d.month}/{d.day}/{d.year}": "MM/DD/YYYY",
    "{d.month}/{d.day}/{d.year} 0:00": "MM/DD/YYYY",
    "{d.day}.{d.month}.{d.year}": "DD.MM.YYYY",
    "{d.year}/{d.month}/{d.day}": "YYYY/MM/DD",
    "{d.year}年{d.month}月{d.day}日": "YYYY年MM月DD日",
    "{d:%Y年%m月%d日}": "YYYY年MM月DD日",
    "{d:%Y-%m-%d} 00:00:00": None,
    "{d:%Y%m%d}": "YYYYMMDD",
    "{d.day}-{d:%b-%Y}": "DD-MMM-YYYY",
}


def _folder(path, written: str, days=DAYS, others: str = "{d:%Y-%m-%d}", encoding: str = "utf-8") -> Draft:
    """Prices whose days are written in one form and levels of an index whose days are written in another, recognised."""
    path.mkdir(exist_ok=True)
    rows = [f"{written.format(d=d)},{name},{10 + n}.5,0.0{n}" for d in days for n, name in enumerate("AB")]
    (path / "prices.csv").write_text("\n".join(["日付,ticker,close,total return", *rows]), encoding=encoding)
    if others:
        levels = [f"{others.format(d=d)},X,10{n}.5" for n, d in enumerate(DAYS)]
        (path / "indices.csv").write_text("\n".join(["date,index,level", *levels]), encoding="utf-8")
    draft = recognise(path).draft("prices")
    assert draft is not None
    return draft


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_form_that_is_clear_is_stated_and_read_as_it_is_stated(tmp_path, written, encoding):
    draft = _folder(tmp_path, written, encoding=encoding)
    assert draft.stated.get("dates") == WRITTEN[written]
    stated = {**draft.stated, "units": {"total_return": "ones"}, "constant": {"volume": ""}}
    table = Exports(tmp_path, {"prices": TableMap.model_validate(stated)}).table("prices")
    assert [*table["date"].drop_duplicates()] == [*DAYS]


STAMPED = ["{d:%Y-%m-%d}T09:10:00Z", "{d:%d.%m.%Y} 17:10:00.250 +0800", "{d:%Y-%m-%d} 16:00:00+00:00", "parquet", "mixed"]


@pytest.mark.parametrize("written", STAMPED)
def test_whose_days_stamps_are_is_a_question_whose_answer_reads_them(tmp_path, written):
    if written in ("parquet", "mixed"):
        _folder(tmp_path, "{d:%Y-%m-%d}")
        prices = pd.read_csv(tmp_path / "prices.csv")
        moments = pd.to_datetime(prices["日付"]).dt.tz_localize("UTC") + pd.Timedelta("9h10min")
        moments = (
            moments if written == "parquet" else moments.astype(str).where(prices["日付"] != "2024-11-04", "2024-11-04")
        )
        prices.assign(日付=moments).to_parquet(tmp_path / "prices.parquet", index=False)
        (tmp_path / "prices.csv").unlink()
        found = recognise(tmp_path)
        assert not [each for each in found.found if each.verdict == UNREAD]
        draft = found.draft("prices")
    else:
        draft = _folder(tmp_path, written)
    assert draft is not None and draft.stated["zone"] == "?" and draft.labels["date"] == "日付"
    (question,) = draft.why["zone",]
    assert question.key == "zone_unclear" and question.values["labels"] == ("日付",) and ":" in question.values["cells"][0]
    stated = {**draft.stated, "units": {"total_return": "ones"}, "constant": {"volume": ""}}
    shift = pd.Timedelta("1D" if "16:00" in written else "0D")  # which is past midnight there
    table = Exports(tmp_path, {"prices": TableMap.model_validate(stated | {"zone": "Asia/Singapore"})}).table("prices")
    assert [*table["date"].drop_duplicates()] == [
        day if day.day == 4 and written == "mixed" else day + shift for day in DAYS
    ]


@pytest.mark.parametrize("written", ["{d:%Y-%m-%d} 16:00", "{d:%d/%m/%Y} 16:00:00", "parquet"])
def test_times_of_day_without_a_zone_are_a_question_that_says_what_to_do(tmp_path, written):
    if written == "parquet":
        _folder(tmp_path, "{d:%Y-%m-%d}")
        prices = pd.read_csv(tmp_path / "prices.csv")
        prices.assign(日付=pd.to_datetime(prices["日付"]) + pd.Timedelta("16h")).to_parquet(tmp_path / "prices.parquet")
        (tmp_path / "prices.csv").unlink()
        draft = recognise(tmp_path).draft("prices")
    else:
        draft = _folder(tmp_path, written)
    assert draft is not None and draft.stated["dates"] == "?" and "zone" not in draft.stated
    assert [fact.key for fact in draft.why["dates",]][-1] == "times_of_day" and draft.labels["date"] == "日付"


@pytest.mark.parametrize("written", ["{d:%m/%d/%Y}", "{d.day}.{d.month}.{d:%y}", "{d:%y/%m/%d}"])
def test_days_that_two_forms_read_are_a_question(tmp_path, written):
    early = [day for day in DAYS if day.day <= 12]
    assert _folder(tmp_path, written, early, others="").stated["dates"] == "?"


def test_a_year_of_two_digits_is_one_that_the_other_tables_have(tmp_path):
    """24/11/01 is 2024-11-01 too where all days are of one week, and DD/MM/YY would be 2001-11-24."""
    week = DAYS[:6]
    assert _folder(tmp_path / "beside", "{d:%y/%m/%d}", week).stated["dates"] == "YY/MM/DD"
    assert _folder(tmp_path / "alone", "{d:%y/%m/%d}", week, others="").stated["dates"] == "?"
    assert _folder(tmp_path / "unclear", "{d:%y/%m/%d}", week, others="{d:%y/%m/%d}").stated["dates"] == "?"


def test_what_is_drafted_does_not_depend_on_today(tmp_path):
    """The 31st as a year is 2031: no evidence, or from 2032 on the same folder would be another."""
    assert _folder(tmp_path / "alone", "{d:%d.%m.%y}", others="").stated["dates"] == "?"
    assert _folder(tmp_path / "beside", "{d:%d.%m.%y}").stated["dates"] == "DD.MM.YY"


def test_digits_that_nothing_parts_are_padded(tmp_path):
    (tmp_path / "rates.csv").write_text("date,risk_free\n20241101,0.0001\n2024111,0.0001\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 3 '2024111'"):
        Exports(tmp_path, {"rates": TableMap(file="rates.csv", dates="YYYYMMDD")}).table("rates")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("No,date\n1,2025年1月10日", "cp932"),
        ("請求番号,請求日\n1,2025年\n2,1月", "cp932"),
        ("ファンド,基準日\nA,10日", "cp932"),
        ("Währung;Größe\nÄpfel;é", "cp1252"),
        ("name\nMoody’s\nO’Reilly – Söhne", "cp1252"),
        ("libellé;clôture\nÉnergie;5 €", "cp1252"),
        ("Código;Sesión;Día\nEnergía;5 m²", "cp1252"),
        ("Kod;Wartość;Udział\nBAP;Należności", "cp1250"),
        ("Miesiąc;Mediana MiŚ", "cp1250"),
        ("Závěrečný kurz;Množství;Odvětví", "cp1250"),
        ("Závěrečný kurz;Množství;Odvětví", "iso-8859-2"),
        ("Részvény;Időpont;Súly;Ágazat", "cp1250"),
        ("Дата;Тикер;Цена закрытия", "cp1251"),
        ("Ημερομηνία;Κωδικός;Τιμή", "cp1253"),
        ("Kapanış Fiyatı;Değer;Ağırlık", "cp1254"),
        ("날짜;종목코드;종가", "cp949"),
        ("日期,证券代码,收盘价", "gb18030"),
        ("日付,コード,終値,データ", "euc_jp"),
    ],
)
def test_the_whole_file_says_its_encoding(text, encoding):
    assert encoding_of(text.encode(encoding)) == encoding


@pytest.mark.parametrize(
    "text",
    ["Sales £m", "Sales (£bn)", "in £million", "per £1", "£000", "Year,Sales\n£m,£bn", "½ year", "Quai 7, N°5, £k, µ"],
)
def test_a_sign_outside_words_tells_no_encoding(text):
    """Łm would be a word of nothing, and is a letter of Polish."""
    found = encodings_of(f"{text}\n1,2\n".encode("cp1252"))
    assert found[0] == "cp1252" and "cp1250" in found and not {"cp1251", "cp1253"} & {*found}
    assert encodings_of(f"{text}, Größe\n1,2\n".encode("cp1252")) == ("cp1252",)
    assert encodings_of(f"{text}, Zürich, año\n1,2\n".encode("cp1252"))[0] == "cp1252"


@pytest.mark.parametrize("text", ["5 m²", "1\xa0234", "2020 – 2021", "€5", "§ 5, ±1 °"])
def test_signs_that_all_encodings_have_alike_are_no_question(text):
    assert encodings_of(f"{text}\n1,2\n".encode("cp1252")) == ("cp1252",)


def test_a_pound_before_a_letter_is_asked_and_looked_at_as_one(tmp_path):
    (tmp_path / "fundamentals.csv").write_bytes(
        "Annual results (£m)\nticker,period_end,available_from,revenue,net_income,equity\n".encode("cp1252")
        + b"".join(b"A%d,2023-12-31,2024-03-%02d,%d.5,%d.5,7%d\n" % (n, n, 100 + n, 10 + n, n) for n in range(1, 20))
    )
    seen = next(each for each in look(tmp_path) if isinstance(each, Seen))
    assert seen.encodings == ("cp1252", "cp1250") and seen.titles == ("Annual results (£m)",)


def test_letters_that_are_words_in_two_encodings_are_asked_and_files_of_one_table_tell_together(tmp_path):
    """Počet, or Poèet; the other months of the table have letters enough."""
    master(tmp_path)

    def written(month: str, note: str) -> None:
        rows = lists().assign(**{"Počet": 1, "Pozn": note})
        rows.to_csv(tmp_path / f"portfolio_2025{month}.csv", index=False, encoding="cp1250")

    written("01", "")
    written("02", "")
    asked = draft(tmp_path, "holdings")
    assert asked.stated["encoding"] == OPEN
    assert {"cp1250", "cp1252"} <= {*asked.why["encoding",][0].values["encodings"]}
    written("03", "Množství ve městě, řada")
    assert draft(tmp_path, "holdings").stated["encoding"] == "cp1250"
