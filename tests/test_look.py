from matplotlib.font_manager import FontProperties, findfont

from complaintlib import look


def test_both_languages_are_drawn_in_the_bundled_font():
    """H03: no reliance on fonts of the machine."""
    assert findfont(FontProperties(family="Noto Sans SC")) == str(look.font_file())


def test_what_the_font_cannot_draw_is_left_out():
    """H04"""
    figure = look.figure()
    ax = figure.subplots()
    ax.set_title("表情🙂与投诉\u200d")
    look.png(figure)
    assert ax.get_title(loc="left") in ("", "表情与投诉") or ax.get_title() == "表情与投诉"


def test_bars_carry_values_intervals_and_notes():
    ax = look.figure().subplots()
    look.bars(ax, ["延误", "_破损"], [0.6, 0.4], [0.5, 0.3], [0.7, 0.5], notes=["60%", "40%"])
    assert [bar.get_width() for bar in ax.patches] == [0.6, 0.4]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["延误", "_破损"]
    assert {t.get_text() for t in ax.texts} == {"60%", "40%"}


def test_a_series_marks_the_points_it_is_told_to():
    ax = look.figure().subplots()
    look.series(ax, [1, 2, 9], low=[0, 0, 0], high=[4, 4, 4], centre=[2, 2, 2], marks=[False, False, True])
    assert ax.lines[-1].get_xdata().tolist() == [2]


def test_the_last_period_is_always_named():
    ax = look.figure().subplots()
    look.time_axis(ax, [f"2026-{m:02d}" for m in range(1, 12)], most=4)
    assert [t.get_text() for t in ax.get_xticklabels()][-1] == "2026-11"
    assert len(ax.get_xticks()) <= 4


def test_long_titles_are_broken_by_width():
    lines = look.wrapped(
        "十月投诉升至每千单七点九件，高于按季节与单量推算的区间，主要来自华东的派送延误。" * 2, 40
    ).splitlines()
    assert len(lines) > 2
    assert all(look.wrapped(line, 46) == line for line in lines)
