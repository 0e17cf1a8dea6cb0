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
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from .words import Words, cut, percent, plain, show, wrapped

# Okabe-Ito, with greys: colour never stands alone, a mark or a word always says the same.
INK, SOFT, LINE, BAND = "#1f2933", "#52606d", "#cbd2d9", "#e4e7eb"
BLUE, PALE, ORANGE, GREEN, YELLOW, PURPLE = "#0072b2", "#b3c6d8", "#d55e00", "#009e73", "#b38600", "#a5537f"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, SOFT)

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
    _drawable_only(figure)
    out, canvas = io.BytesIO(), FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph.*")
        figure.set_dpi(DPI)
        canvas.draw()  # `savefig` would do it twice
    opaque = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
    Image.fromarray(opaque).save(out, "png", dpi=(DPI, DPI), compress_level=3)  # half the time, no larger
    return out.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG bytes, letters as outlines: it prints sharp at any size and needs no font."""
    _drawable_only(figure)
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph.*")
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _drawable_only(figure: Figure) -> None:
    for text in figure.findobj(Text):
        words = plain(text.get_text())
        if not any("\u2e80" <= c <= "\uffef" for c in words):
            words = words.translate(_NARROW)
        text.set_text("".join(c for c in words if c == "\n" or ord(c) in _drawable()))


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


def cells(
    ax: Axes, texts: list[list[str]], colours: list[list[str]], names: list[str], heads: list[str]
) -> None:
    """A table as a picture: one row a name from the top down, one column a head, each cell a text on its colour."""
    for row, (line, shades) in enumerate(zip(texts, colours, strict=True)):
        for column, (text, shade) in enumerate(zip(line, shades, strict=True)):
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=9, color=INK)
            ax.add_patch(Rectangle((column + 0.02, row + 0.04), 0.96, 0.92, color=shade, linewidth=0))
    ax.set_xlim(0, len(heads))
    ax.set_ylim(len(names), 0)
    ax.set_yticks(np.arange(len(names)) + 0.5, names)
    ax.set_xticks(np.arange(len(heads)) + 0.5, heads, fontsize=8)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("bottom")
    ax.grid(visible=False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def flow(ax: Axes, names: list[str], notes: list[str], shades, moves: dict[tuple[int, int], float]) -> None:
    """Boxes from left to right in two rows, the darker the larger their share of `shades`, joined by a line for each of
    `moves` (from, to): the more, the thicker; orange where it goes back. Moves below 1% of the largest are left out."""
    shades = np.nan_to_num(np.asarray(shades, dtype=float))
    colours, top = sns.light_palette(BLUE, as_cmap=True), max(shades.max(initial=0), 1e-12)
    most = max(moves.values(), default=0)
    moves = {ends: n for ends, n in moves.items() if n >= 0.01 * most > 0}
    boxes = []
    for i, (text, note, dark) in enumerate(zip(names, notes, shades / top, strict=True)):
        x, y, ink = i, 1 - i % 2, "white" if dark > 0.55 else INK
        box = FancyBboxPatch((x - 0.8, y - 0.22), 1.6, 0.44, boxstyle="round,pad=0,rounding_size=0.06")
        box.set(facecolor=colours(0.12 + 0.75 * dark), edgecolor="white", linewidth=1, zorder=3)
        boxes.append(ax.add_patch(box))
        lines = [cut(line, 18) for line in wrapped(text, 17).split("\n")]
        lines = lines if len(lines) <= 2 else [lines[0], f"{lines[1]}…"]
        style = {"ha": "center", "va": "center", "color": ink, "zorder": 4}
        ax.text(x, y + 0.06, "\n".join(lines), fontsize=9.5, linespacing=1.1, **style)
        ax.text(x, y - 0.15, note, fontsize=8.5, **style)
    for (a, b), n in sorted(moves.items(), key=lambda item: (item[1], item[0])):
        back = b < a
        width = max(0.7 + 6 * n / most, 1.3 * back)
        line = FancyArrowPatch(
            (a, 1 - a % 2), (b, 1 - b % 2), patchA=boxes[a], patchB=boxes[b], shrinkA=1, shrinkB=2,
            arrowstyle=f"-|>,head_length={0.35 + 0.08 * width},head_width={0.2 + 0.06 * width}", mutation_scale=10,
            linewidth=width, capstyle="butt", joinstyle="miter", connectionstyle=f"arc3,rad={_bend(a, b):.3f}", color=ORANGE if back else "#9aa5b1", zorder=2 if back else 1,
        )  # fmt: skip
        ax.add_patch(line)
    around = {
        a % 2 for a, b in moves if (a - b) % 2 == 0 and (b < a or b - a > 2)
    }  # the rows that have lines around boxes
    ax.set_xlim(-0.9, max(len(names), 3) - 0.1)
    ax.set_ylim(-0.8 if 1 in around else -0.3, 1.8 if 0 in around else 1.3)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)


def _bend(a: int, b: int) -> float:
    """How a line bends: around the boxes between two of one row, and beside the line that goes the other way."""
    outward, way = (-1 if a % 2 == 0 else 1) * (1 if b > a else -1), abs(a - b)
    if way % 2:
        return 0.0 if b > a else 0.22
    if way == 2:
        return 0.0 if b > a else outward * 0.45
    return outward * (1.5 if b > a else 2.0) / way


def ahead(ax: Axes, values, mean, lower, upper, colour=BLUE) -> None:
    """A series over periods 0, 1, 2 ... and its forecast behind it: dashed, with its range as a band."""
    values, mean = np.asarray(values, dtype=float), np.asarray(mean, dtype=float)
    at, coming = np.arange(len(values)), len(values) + np.arange(len(mean))
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    ax.fill_between(coming, low, high, color=PALE, alpha=0.55, linewidth=0, zorder=1)
    ax.plot(at, values, color=colour, linewidth=1.7, marker="o", markersize=3, zorder=3)
    joined = np.concatenate([values[-1:], mean])
    ax.plot(
        np.arange(len(values) - len(values[-1:]), len(values) + len(mean)),
        joined,
        color=colour,
        linewidth=1.5,
        linestyle="--",
        zorder=3,
    )
    ax.plot(coming, mean, "o", color="white", markeredgecolor=colour, markersize=4, zorder=4)


def heat(ax: Axes, values, rows: list[str], columns: list[str]) -> None:
    """A grid of numbers, the darker the more: one row a name from the top down, about a dozen of the columns named."""
    values = np.asarray(values, dtype=float)
    shades, top = sns.light_palette(BLUE, as_cmap=True), max(np.nanmax(values, initial=0), 1e-12)
    ax.pcolormesh(values, cmap=shades, vmin=0, vmax=1.1 * top, edgecolors="white", linewidth=0.8)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows)
    step = max(1, -(-len(columns) // 12))
    ax.set_xticks(np.arange(0, len(columns), step) + 0.5, columns[::step], fontsize=8.5)
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def warmth(times: float) -> str | tuple[float, ...]:
    """The colour of a number against its expectation: the more above it the deeper orange, pale blue well below it."""
    if np.isnan(times) or 0.9 < times < 1.1:
        return "#eef1f4"
    depth = float(np.clip(abs(np.log2(max(times, 1e-3))) / 2, 0, 1))
    return sns.light_palette(ORANGE if times > 1 else BLUE, as_cmap=True)(
        depth * 0.75 if times > 1 else depth * 0.4
    )


def tiles(ax: Axes, at: list[tuple[int, int]], texts: list[str], colours: list, marked: list[bool]) -> None:
    """A map of equal squares at (row, column), each with its text; those marked have a thick frame."""
    for (row, column), text, colour, mark in zip(at, texts, colours, marked, strict=True):
        box = FancyBboxPatch((column + 0.05, row + 0.05), 0.9, 0.9, boxstyle="round,pad=0,rounding_size=0.06")
        box.set(
            facecolor=colour,
            edgecolor=INK if mark else "white",
            linewidth=2 if mark else 1,
            zorder=3 if mark else 2,
        )
        ax.add_patch(box)
        ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8.5, color=INK, zorder=4)
    ax.set_xlim(0, 1 + max((column for _, column in at), default=0))
    ax.set_ylim(1 + max((row for row, _ in at), default=0), 0)
    ax.set_aspect("equal", anchor="W")
    ax.set_axis_off()


def balance(
    ax: Axes,
    x,
    y,
    names: list[str],
    colours: list[str],
    levels: dict[float, str],
    x_limits=None,
    y_limits=None,
) -> None:
    """Points on two logarithmic axes, with intervals where given, and lines on which x times y is one of `levels`; the first
    of them have their names."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    for values, limits, way in ((x, x_limits, "xerr"), (y, y_limits, "yerr")):
        if limits is not None:
            low, high = (np.asarray(end, dtype=float) for end in limits)
            reach = {way: [np.clip(values - low, 0, None), np.clip(high - values, 0, None)]}
            ax.errorbar(x, y, fmt="none", ecolor=LINE, elinewidth=1.2, zorder=2, **reach)
    ax.scatter(x, y, c=colours, s=46, zorder=3, edgecolors="white", linewidths=0.8)
    ax.set_xscale("log")
    ax.set_yscale("log")
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    right *= (right / left) ** 0.12  # room for names
    for level, text in levels.items():
        ax.plot(
            [left, right], [level / left, level / right], color=SOFT, linewidth=0.9, linestyle="--", zorder=1
        )
        at = min(max(level / top, left), right)
        ax.annotate(
            f" {text}",
            (at, min(level / at, top)),
            (8, 1),
            textcoords="offset points",
            va="bottom",
            fontsize=8.5,
            color=SOFT,
        )
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    taken: list[tuple[float, float]] = []
    for name_, a, b in zip(names, x, y, strict=True):
        place = (np.log(a / left) / np.log(right / left), np.log(b / bottom) / np.log(top / bottom))
        if (
            all(abs(place[0] - c) > 0.2 or abs(place[1] - d) > 0.05 for c, d in taken)
            and np.isfinite(place).all()
        ):
            taken.append(place)
            ax.annotate(name_, (a, b), (6, 3), textcoords="offset points", fontsize=9, color=INK, zorder=4)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


@cache
def text_size(text: str, points: float) -> tuple[float, float]:
    """Width and height in inches of text in the kit's font, lines parted by newlines."""
    font, lines = font_manager.get_font(str(font_file())), text.split("\n")
    font.set_size(points, 72)
    longest = 0.0
    for line in lines:
        font.set_text(line, 0.0)
        longest = max(longest, font.get_width_height()[0] / 64)
    return longest / 72, len(lines) * points * LEADING / 72


LEADING = 1.3  # height of a line as a multiple of its letters
