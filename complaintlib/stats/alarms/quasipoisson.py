"""Log-linear quasi-Poisson regression of many series at once on the same few groups and a straight trend."""

from dataclasses import dataclass, fields

import numpy as np

ROUNDS, LONGEST_STEP, EXACT = 50, 2.0, 1e-9  # of Newton's method


@dataclass(frozen=True)
class Fit:
    """One row a series. Rates are those of the group, cases / base, times exp(slope x time).

    `cases`, `base` (series x groups): weighted counts, and the exposure at time 0 that they are worth. `mean`, `hat`
    (leverages), `weight`: series x observations. `df`: degrees of freedom left. `pearson`: Pearson's dispersion;
    `relative`: that of the residuals over their mean. `centre` (series x groups), `spread`: mean time of the cases in
    each group, sum of squares about it.
    """

    cases: np.ndarray
    base: np.ndarray
    slope: np.ndarray
    mean: np.ndarray
    hat: np.ndarray
    weight: np.ndarray
    df: np.ndarray
    pearson: np.ndarray
    relative: np.ndarray
    centre: np.ndarray
    spread: np.ndarray

    @property
    def rate(self) -> np.ndarray:
        """Of group 0 at time 0."""
        return self.cases[:, 0] / some(self.base[:, 0])

    @property
    def dispersion(self) -> np.ndarray:
        """Variance over mean, never below Poisson's."""
        return np.maximum(self.pearson, 1)

    def uncertainty(self, added: float = 0.0) -> np.ndarray:
        """Variance of the logarithm of `rate` over the dispersion, with so many cases added to the group."""
        return 1 / some(self.cases[:, 0] + added) + self.centre[:, 0] ** 2 / self.spread

    def rows(self, chosen: np.ndarray) -> "Fit":
        return Fit(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def replaced(self, other: "Fit", chosen: np.ndarray) -> "Fit":
        """With the rows of another fit in the place of some of its own."""
        columns = {field.name: getattr(self, field.name).copy() for field in fields(self)}
        for name, values in columns.items():
            values[chosen] = getattr(other, name)
        return Fit(**columns)


def fit(
    y: np.ndarray, exposure: np.ndarray, weight: np.ndarray, time: np.ndarray, group: np.ndarray, trend: bool
) -> Fit:
    """`y`, `exposure`, `weight`: series x observations (weight 0: none); `time` (within -1 and 1), `group` of each.

    Maximum of the quasi-likelihood (McCullagh & Nelder 1989, ch. 9). Given the slope the rates of the groups are cases
    over exposure, so that Newton's method has one unknown a series, and hundreds of series are one array.
    """
    member = np.eye(int(group.max()) + 1)[group]
    cases = (weight * y) @ member

    def at(slope: np.ndarray) -> tuple[np.ndarray, ...]:
        shape = exposure * np.exp(slope[:, None] * time)
        base = (weight * shape) @ member
        mean = (cases / some(base))[:, group] * shape
        centre = (weight * mean * time) @ member / some(cases)
        apart = time - centre[:, group]
        return base, mean, centre, apart, some((weight * mean * apart**2).sum(axis=1))

    slope = np.zeros(len(y))
    for _ in range(ROUNDS if trend else 0):
        _, mean, _, apart, spread = at(slope)
        step = np.clip((weight * (y - mean) * apart).sum(axis=1) / spread, -LONGEST_STEP, LONGEST_STEP)
        slope = slope + step
        if np.abs(step).max(initial=0) < EXACT:
            break
    base, mean, centre, apart, spread = at(slope)
    spread = spread if trend else np.full(len(y), np.inf)
    known = weight > 0
    df = known.sum(axis=1) - (known @ member > 0).sum(axis=1) - trend
    off = weight * (y - mean) ** 2 / some(mean)
    return Fit(
        cases=cases,
        base=base,
        slope=slope,
        mean=mean,
        hat=weight * mean * (1 / some(cases)[:, group] + apart**2 / spread[:, None]),
        weight=weight,
        df=df,
        pearson=off.sum(axis=1) / np.maximum(df, 1),
        relative=(off / some(mean)).sum(axis=1) / np.maximum(df, 1),
        centre=centre,
        spread=spread,
    )


def downweighted(y: np.ndarray, found: Fit, threshold: float) -> np.ndarray:
    """Weights that keep past outbreaks from hiding the next (Farrington et al. 1996, section 3.6).

    Standardised Anscombe residuals above `threshold` count with their inverse square; the weights are 1 on average.
    """
    mean, known = some(found.mean), found.weight > 0
    left = np.sqrt(found.dispersion[:, None] * np.maximum(1 - found.hat, 1e-9))
    residual = 1.5 * (y ** (2 / 3) * mean ** (-1 / 6) - np.sqrt(mean)) / left
    weight = np.where(residual > threshold, some(residual) ** -2.0, 1.0) * known
    return weight * (known.sum(axis=1) / some(weight.sum(axis=1)))[:, None]


def some(x: np.ndarray) -> np.ndarray:
    """Never 0, for dividing."""
    return np.maximum(x, 1e-30)
