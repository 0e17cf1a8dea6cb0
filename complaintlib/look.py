"""How pictures look: the only module that knows matplotlib and seaborn.

Importing it sets the style once: Noto Sans SC for both languages, a palette that colour-blind readers can tell apart,
no mathematics in labels (a `$` in a complaint must stay a `$`). Figures are made without pyplot, so nothing is
shared between notebooks, and the same figure gives the same bytes.
"""

import io
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import matplotlib
import numpy as np
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .words import Words, cut, percent, plain, show, wrapped

# Okabe-Ito, with greys: colour never stands alone, a mark or a word always says the same.
INK, SOFT, LINE, BAND = "#1f2933", "#52606d", "#cbd2d9", "#e4e7eb"
BLUE, PALE, ORANGE, GREEN, YELLOW, PURPLE = "#0072b2", "#b3c6d8", "#d55e00", "#009e73", "#b38600", "#a5537f"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, SOFT)
LEVEL = {"act": "#b34700", "watch": "#8a6100", "good": "#00598f", "note": SOFT}

WIDTH, DPI = 7.6, 144
_NARROW = str.maketrans("“”‘’", "\"\"''")  # the font has these only as wide as a Chinese character
LABEL_CELLS = 24  # columns a category's label may take; the whole text stands in the table


@cache
def font_file() -> Path:
    """The Noto Sans SC file that the package zhplot brings (OFL)."""
    found = find_spec("zhplot")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("package zhplot (Noto Sans SC) is not installed")
    return Path(found.submodule_search_locations[0]) / "fonts" / "NotoSansSC-Regular.ttf"


@cache
def _drawable() -> frozenset[int]:
    return frozenset(font_manager.get_font(str(font_file())).get_charmap())


def set_style() -> None:
    """Set the kit's style; after seaborn's theme, which would otherwise put its own fonts back."""
    sns.set_theme(style="ticks", context="notebook")
    font_manager.fontManager.addfont(str(font_file()))
    matplotlib.rcParams.update(
        {
            "font.family": "Noto Sans SC",
            "font.size": 10.5,
            "axes.titlesize": 12,
            "axes.labelsize": 10,
            "xtick.labelsize": 9.5,
            "ytick.labelsize": 9.5,
            "legend.fontsize": 9.5,
            "text.parse_math": False,
            "axes.unicode_minus": True,
            "text.color": INK,
            "axes.labelcolor": SOFT,
            "axes.edgecolor": LINE,
            "xtick.color": SOFT,
            "ytick.color": SOFT,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlepad": 10,
            "axes.titlecolor": INK,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "grid.color": "#eef1f4",
            "grid.linewidth": 0.9,
            "axes.axisbelow": True,
            "legend.frameon": False,
            "figure.facecolor": "white",
            "svg.hashsalt": "complaintkit",
        }
    )


set_style()


def figure(width: float = WIDTH, height: float = 4.2) -> Figure:
    """An empty figure, in inches; its text stays readable at the width of a page and of a phone."""
    return Figure(figsize=(width, height), layout="constrained")


def png(figure: Figure) -> bytes:
    """The figure as PNG bytes. Characters that the font cannot draw are left out, never drawn as boxes."""
    for text in figure.findobj(Text):
        words = plain(text.get_text())
        if not any("\u2e80" <= c <= "\uffef" for c in words):
            words = words.translate(_NARROW)
        text.set_text("".join(c for c in words if c == "\n" or ord(c) in _drawable()))
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph.*")
        figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
    return out.getvalue()


def name(text: str) -> str:
    """A category's label, cut to what a chart can carry."""
    return cut(text, LABEL_CELLS)


def axis_format(axis, form: str, lang: str) -> None:
    """Ticks of an axis in one of the forms of `words.show` (`pct`, `int`, `min` ...)."""
    if form == "int":
        axis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    if form == "pct":  # all ticks with the same number of decimals
        whole = max(abs(end) for end in axis.get_view_interval()) > 0.05
        axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0 if whole else 1)))
    else:
        axis.set_major_formatter(FuncFormatter(lambda value, _: show(float(value), form, lang)))


def time_axis(ax: Axes, labels: list[str], most: int = 7) -> None:
    """Label evenly spaced periods at x = 0, 1, 2 ... so that the last one is always named."""
    last = len(labels) - 1
    step = max(1, -(-len(labels) // most))
    at = sorted({last - step * i for i in range(len(labels)) if last - step * i >= 0})
    ax.set_xticks(at, [labels[i] for i in at])


def bars(
    ax: Axes, labels, values, low=None, high=None, colours=BLUE, notes=None, form="pct", lang="en", marks=None
) -> None:
    """Horizontal bars from the top down, with intervals where given, a diamond at each of `marks` (an earlier value)
    and a note (the numbers) behind each bar."""
    values = np.asarray(values, dtype=float)
    at = np.arange(len(values))
    colours = [colours] * len(values) if isinstance(colours, str) else list(colours)
    ax.barh(at, values, color=colours, height=0.66)
    ends = values.copy()
    if low is not None and high is not None:
        low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
        ax.errorbar(
            values,
            at,
            xerr=[np.clip(values - low, 0, None), np.clip(high - values, 0, None)],
            fmt="none",
            ecolor=INK,
            elinewidth=1.1,
            capsize=2.5,
        )
        ends = np.fmax(values, high)
    if marks is not None:
        ax.plot(marks, at, "D", color="white", markeredgecolor=INK, markersize=5)
        ends = np.fmax(ends, np.asarray(marks, dtype=float))
    ax.set_yticks(at, [name(label) for label in labels])
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ends = np.nan_to_num(ends)  # what may not be shown has no bar, but its name and note
    span = max(ends.max(initial=0), 1e-12)
    for y, end, note in zip(at, ends, notes if notes is not None else [""] * len(values), strict=True):
        ax.text(max(end, 0) + span * 0.015, y, note, va="center", fontsize=9, color=SOFT)
    if notes is not None:
        ax.set_xlim(right=span * 1.22)
    axis_format(ax.xaxis, form, lang)


def series(ax: Axes, values, low=None, high=None, centre=None, marks=None, colour=BLUE) -> None:
    """A line over periods 0, 1, 2 ...: expected range as a band, centre thin, and the marked points named apart."""
    at = np.arange(len(values))
    if low is not None and high is not None:
        ax.fill_between(
            at, np.asarray(low, dtype=float), np.asarray(high, dtype=float), color=BAND, linewidth=0, zorder=1
        )
    if centre is not None:
        ax.plot(at, centre, color="#9aa5b1", linewidth=1, zorder=2)
    ax.plot(at, values, color=colour, linewidth=1.7, marker="o", markersize=3.4, zorder=3)
    if marks is not None and np.any(marks):
        where = np.flatnonzero(marks)
        ax.plot(where, np.asarray(values, dtype=float)[where], "D", color=ORANGE, markersize=6.5, zorder=4)


def sparkline(values, low=None, high=None, mark: str = SOFT) -> str:
    """Thirteen periods as a small SVG: line, expected range as a band, the last point marked. No text in it."""
    values = np.asarray(values, dtype=float)
    spread = [values] + [np.asarray(v, dtype=float) for v in (low, high) if v is not None]
    known = np.concatenate(spread)
    known = known[np.isfinite(known)]
    if not len(known):
        return ""
    bottom, top = known.min(), known.max()
    scale = (top - bottom) or 1.0
    wide, tall, pad = 240.0, 36.0, 5.0

    def x(i: int) -> float:
        return pad + i * (wide - 2 * pad) / max(1, len(values) - 1)

    def y(v: float) -> float:
        return tall - pad - (v - bottom) / scale * (tall - 2 * pad)

    parts = []
    if low is not None and high is not None:
        both = [i for i in range(len(values)) if np.isfinite(low[i]) and np.isfinite(high[i])]
        outline = [(x(i), y(high[i])) for i in both] + [(x(i), y(low[i])) for i in reversed(both)]
        parts.append(f'<polygon points="{_points(outline)}" fill="#8896a5" fill-opacity=".25"/>')
    line = [(x(i), y(v)) for i, v in enumerate(values) if np.isfinite(v)]
    parts.append(f'<polyline points="{_points(line)}" fill="none" stroke="#7b8794" stroke-width="2"/>')
    if np.isfinite(values[-1]):
        parts.append(f'<circle cx="{x(len(values) - 1):.1f}" cy="{y(values[-1]):.1f}" r="4" fill="{mark}"/>')
    size = f'viewBox="0 0 {wide:.0f} {tall:.0f}" width="{wide:.0f}" height="{tall:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


def _points(pairs: list[tuple[float, float]]) -> str:
    return " ".join(f"{px:.1f},{py:.1f}" for px, py in pairs)


def calendar(ax: Axes, days, marked, names: list[str], lang: str) -> None:
    """A row of days for each source: the darker, the more rows came that day; days marked as silent carry a cross."""
    values = days.to_numpy(dtype=float)
    top = np.maximum(np.nanmax(values, axis=1, keepdims=True, initial=0), 1)
    shades = sns.light_palette(BLUE, as_cmap=True)
    ax.pcolormesh(values / top, cmap=shades, vmin=0, vmax=1.15, edgecolors="white", linewidth=0.8)
    rows, columns = np.nonzero(marked.to_numpy(dtype=bool))
    ax.plot(columns + 0.5, rows + 0.5, "x", color=ORANGE, markersize=7, markeredgewidth=2)
    ax.set_yticks(np.arange(len(names)) + 0.5, names)
    step = max(1, len(days.columns) // 8)
    at = np.arange(0, len(days.columns), step)
    ax.set_xticks(at + 0.5, [f"{days.columns[i]:%m-%d}" for i in at])
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(Words("颜色越深，当日行数越多；× 为静默", "darker: more rows that day; × silent")[lang])


def headline(figure: Figure, text: str) -> None:
    """A title over the whole picture, for charts whose labels leave a single axis too narrow for one."""
    figure.suptitle(wrapped(text, 76), x=0.008, ha="left", fontsize=12, color=INK)
