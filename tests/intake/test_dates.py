"""Times: every form is read by itself and mixed, what could be two days is refused with evidence, nothing is guessed."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaintlib.intake.dates import moments
from complaintlib.intake.notes import Refused
from complaintlib.intake.profile import Profile, Times
from complaintlib.intake.read import read

COMCAST = (
    Path(__file__).resolve().parents[2].parent
    / "shared/data/telecom_us_2015/comcast_telecom_complaints_2015.csv"
)
SHANGHAI = "Asia/Shanghai"


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def look(con):
    """The times of a list of texts, and what is said of the column."""

    def look(texts, times=Times(), zone=SHANGHAI, store=SHANGHAI, **more):  # noqa: B008
        con.execute('CREATE OR REPLACE TABLE raw ("row" BIGINT, "t" VARCHAR)')
        con.executemany("INSERT INTO raw VALUES (?, ?)", list(enumerate(texts, 1)))
        found = moments(con, "t", times, zone, store, **more)
        return [v for (v,) in con.execute(f'SELECT {found.sql} FROM raw ORDER BY "row"').fetchall()], found

    return look


FORMS = [  # all are 2 January 2026, 08:05 in Shanghai where they have a time
    ("ymd", "2026-01-02 08:05"),  # B70
    ("ymd", "2026-01-02T08:05:00.000"),
    ("ymd", "2026/1/2 8:05:00"),
    ("ymd", "2026.1.2 8:05"),
    ("ymd", "２０２６－０１－０２　０８：０５"),
    ("ymd_offset", "2026-01-02T08:05:00+08:00"),
    ("ymd_offset", "2026-01-02T00:05:00Z"),  # B83
    ("ymd_offset", "2026-01-02 00:05:00.0000000 +0000"),
    ("ymd_zh", "2026年1月2日 8时5分"),  # B74
    ("ymd_zh", "2026年01月02日08:05:00"),
    ("compact", "20260102080500"),
    ("compact", "20260102 0805"),
    ("excel", "46024.336805555555"),  # B75
    ("unix_s", "1767312300"),  # B76
    ("unix_ms", "1767312300000"),
    ("named", "2 Jan 2026 8:05 AM"),
    ("named", "January 2, 2026 08:05"),
    ("named_offset", "Fri, 02 Jan 2026 00:05:00 +0000"),
]


@pytest.mark.parametrize(("form", "text"), FORMS)
def test_known_forms_b70_b74_b75_b76(look, form, text):
    values, found = look([text])
    assert values == [datetime(2026, 1, 2, 8, 5)]
    assert (found.forms, found.unread) == ({form: 1}, 0)


def test_mixed_forms_are_counted_b74(look):
    values, found = look(
        [text for _, text in FORMS] + ["2026年1月2日", "20260102", "46024", "2026-01-02", None, " "]
    )
    assert set(values) == {datetime(2026, 1, 2, 8, 5), datetime(2026, 1, 2), None}
    assert values.count(None) == 2
    assert found.forms["ymd"] == 6
    assert sum(found.forms.values()) == len(FORMS) + 4


def test_impossible_times_are_set_aside_b78(look):
    texts = [
        "2026-02-30",
        "2026-01-02 24:00:00",
        "0000-00-00",
        "0001-01-01",
        "9999-12-31",
        "昨天",
        "12345",
        "2026-01-02",
    ]
    values, found = look(texts)
    assert values == [None] * 7 + [datetime(2026, 1, 2)]
    assert (found.unread, next(n.rows for n in found.notes if n.code == "unread_times")) == (7, 7)
    assert look(["2026-01-02", "N/A", "-"], blanks={"n/a", "-"})[1].unread == 0


def test_serials_from_1904_b75(look):
    assert look(["44562"], Times(serial_base=1904))[0] == [datetime(2026, 1, 2)]


def test_zones_and_the_clock_change_b83_b85(look):
    values, _ = look(["2026-01-31 20:00:00Z"])
    assert values == [datetime(2026, 2, 1, 4)]
    values, _ = look(["2026-01-02 10:00", "2026-07-02 10:00"], zone="America/New_York")
    assert values == [datetime(2026, 1, 2, 23), datetime(2026, 7, 2, 22)]


# ------------------------------------------------------------------------------------- day or month first


def codes(look, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        look(*args, **kwargs)
    assert caught.value.say("zh") != caught.value.say("en")
    return caught.value.codes, caught.value


def test_ambiguous_order_is_refused_b71(look):
    found, refused = codes(look, ["01/02/2026", "03/04/2026 10:00", "5/5/2026"])
    assert found == ("ambiguous_order",)
    assert refused.problems[0].sample == (1, 2)
    assert "day_first = true" in refused.say("zh")
    assert look(["01/02/2026"], Times(day_first=True))[0] == [datetime(2026, 2, 1)]
    assert look(["01/02/2026"], Times(day_first=False))[0] == [datetime(2026, 1, 2)]
    assert look(["01/02/2026 10:00"], Times(formats=("%d/%m/%Y %H:%M",)))[0] == [datetime(2026, 2, 1, 10)]


def test_a_day_above_twelve_settles_the_order_b72(look):
    for texts in (["13/02/2026", "03/04/2026"], ["03/04/2026", "13/02/2026"]):
        values, found = look(texts)
        assert set(values) == {datetime(2026, 2, 13), datetime(2026, 4, 3)}
        assert "order_found" in {note.code for note in found.notes}
    assert look(["02/13/2026", "03/04/2026"])[0][1] == datetime(2026, 3, 4)


def test_both_orders_in_one_column_are_refused_b73(look):
    texts = ["13/02/2026", "02/25/2026", "03/04/2026"]
    assert codes(look, texts)[0] == ("mixed_order",)
    assert codes(look, texts, Times(day_first=True))[0] == ("mixed_order",)
    stray = ["13/02/2026"] * 400 + ["02/25/2026"]
    values, found = look(stray, Times(day_first=True))
    assert (values[-1], found.unread) == (None, 1)


def test_two_digit_years_are_refused_b77(look):
    for text in ("01/02/69", "22-Apr-15", "990201", "15.3.22"):
        assert codes(look, [text])[0] == ("two_digit_years",)
    assert look(["22-04-15"], Times(formats=("%d-%m-%y",)))[0] == [datetime(2015, 4, 22)]


def test_texts_that_are_no_times_are_refused_without_being_shown(look):
    found, refused = codes(look, ["张三 13800138000", "李四"])
    assert found == ("no_times",)
    assert "张" not in refused.say("zh")
    assert "138" not in refused.say("zh")


def exchanged(day):
    return f"{day:%Y-%d-%m}" if day.day <= 12 else f"{day:%Y-%m-%d}"


def test_exchanged_days_and_months_are_noticed_and_put_back(look):
    days = [datetime(2015, 4, 1) + timedelta(days=i % 91) for i in range(400)]
    different = sum(day.day <= 12 and day.day != day.month for day in days)
    found, refused = codes(look, map(exchanged, days))
    assert found == ("swapped",)
    assert refused.problems[0].rows == different
    assert look(map(exchanged, days), Times(swapped="repair"))[0] == days
    assert look(map(exchanged, days), Times(swapped="keep"))[0] != days
    assert look([f"{day:%Y-%m-%d}" for day in days])[0] == days
    assert look([f"{day:%Y-%m-%d}" for day in days], Times(swapped="repair"))[0] == days


def test_a_form_for_each_half_of_the_month_is_suspicious(look):
    days = [datetime(2025, 1, 1) + timedelta(days=i) for i in range(365)]
    texts = [f"{day:%d/%m/%Y}" if day.day > 12 else f"{day:%Y-%d-%m}" for day in days]
    assert codes(look, texts)[0] == ("forms_split",)
    assert look(texts, Times(swapped="keep"))[1].unread == 0


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(microsecond=0)),
        min_size=1,
    ),
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%Y/%m/%dT%H:%M:%S", "%Y年%m月%d日%H时%M分%S秒", "%d %b %Y %H:%M:%S"]
    ),
)
def test_a_written_time_is_read_back(look, times, form):
    assert look([time.strftime(form) for time in times], Times(swapped="keep"))[0] == times


# ---------------------------------------------------------------------------------------- a real file


@pytest.mark.skipif(not COMCAST.exists(), reason="the real files are not here")
def test_572_exchanged_rows_of_the_telecom_file(con):
    read(COMCAST, Profile("any"), con)
    for times in (Times(), Times(formats=("%d-%b-%y",))):
        with pytest.raises(Refused) as caught:
            moments(con, "Date_month_year", times, SHANGHAI, SHANGHAI)
        assert [note.rows for note in caught.value.problems if note.code == "swapped"] == [572]
    with pytest.raises(Refused):
        moments(con, "Date", Times(), SHANGHAI, SHANGHAI)
    put_back = moments(
        con, "Date_month_year", Times(formats=("%d-%b-%y",), swapped="repair"), SHANGHAI, SHANGHAI
    )
    right = moments(con, "Date", Times(formats=("%d-%m-%y",)), SHANGHAI, SHANGHAI)
    same, first, last = con.execute(
        f"SELECT count(*) FILTER ({put_back.sql} = {right.sql}), min({right.sql}), max({right.sql}) FROM raw"
    ).fetchone()
    assert (same, first, last) == (2224, datetime(2015, 4, 1), datetime(2015, 6, 30))
