"""A line in a tile, drawn by hand: the front page needs no more, and no chart library for it."""

import numpy as np


def sparkline(values, low, high, colour: str) -> str:
    """Thirteen periods as a small SVG: line, expected range as a band, the last point in its colour. No text in it."""
    values = np.asarray(values, dtype=float)
    known = np.concatenate([np.asarray(part, dtype=float) for part in (values, low, high)])
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

    both = [i for i in range(len(values)) if np.isfinite(low[i]) and np.isfinite(high[i])]
    outline = [(x(i), y(high[i])) for i in both] + [(x(i), y(low[i])) for i in reversed(both)]
    line = [(x(i), y(v)) for i, v in enumerate(values) if np.isfinite(v)]
    parts = [
        f'<polygon points="{_points(outline)}" fill="#8896a5" fill-opacity=".25"/>',
        f'<polyline points="{_points(line)}" fill="none" stroke="#7b8794" stroke-width="2"/>',
    ]
    if np.isfinite(values[-1]):
        parts.append(
            f'<circle cx="{x(len(values) - 1):.1f}" cy="{y(values[-1]):.1f}" r="4" fill="{colour}"/>'
        )
    size = f'viewBox="0 0 {wide:.0f} {tall:.0f}" width="{wide:.0f}" height="{tall:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


def _points(pairs: list[tuple[float, float]]) -> str:
    return " ".join(f"{px:.1f},{py:.1f}" for px, py in pairs)
