"""What lies between a creator's worth and a booking's result: saturation and suit by channel and phase, heat that
drifts from phase to phase, and what comes after the phase, each fitted on the residuals of past campaigns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from socialml.environments.market import concave
from socialml.features.placements import History, Offers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BENDS: Floats = np.array([1.0, 2.0, 4.0, 8.0, 16.0])  # in capacities
# Log slopes are -(a t + b t^2), t the log of the place in capacities: a and b before any data, and how sure.
_SHAPE, _SHAPE_SD = np.array([0.5, 0.15]), np.array([0.3, 0.1])
_SHAPE_LOW, _SHAPE_HIGH = np.array([0.05, 0.0]), np.array([2.0, 0.6])
_LEVEL_SD = 1.0  # of the log capacity around where spending lies
_CHANNEL_SD, _CELL_SD = 0.7, 0.3  # of log capacity: channels around all, phases around their channel
_SUIT_SD = 0.3  # of log suit around the channel's
_STEPS, _NEAR = 12, 1e-4  # of Gauss-Newton
_HALVED = (1.0, 0.5, 0.25, 0.125)
_KEEP, _KEEP_SD = 0.5, 0.4
_DIFFERENCE = 1e-3
_LASTING_ROWS = 5  # of the mean of all channels
_GRID = np.linspace(0, 0.95, 96)


@dataclass(frozen=True, eq=False)
class Groups:
    """g sets of bookings, each of one campaign, channel and phase."""

    of: Ints  # (r,) of each booking
    series: Ints  # (g,) campaign and channel, and so below
    channel: Ints
    phase: Ints
    phases: int

    def heat(self, seen: Floats, weight: Floats) -> tuple[float, float, Floats, Floats]:
        """keep, spread, mean and variance (g,) of the log heat, from log residuals and their precision: see `heat`."""
        shape = (int(self.series.max()) + 1, self.phases)
        value, noise = np.zeros(shape), np.full(shape, np.inf)
        value[self.series, self.phase] = seen
        noise[self.series, self.phase] = np.where(weight > 0, 1 / np.maximum(weight, 1e-12), np.inf)
        keep, spread, mean, left = heat(value, noise)
        return keep, spread, mean[self.series, self.phase], left[self.series, self.phase]


def group(campaign: Ints, channel: Ints, phase: Ints, channels: int, phases: int) -> Groups:
    series, place = np.unique(campaign * channels + channel, return_inverse=True)
    found, of = np.unique(place * phases + phase, return_inverse=True)
    return Groups(
        of=of,
        series=found // phases,
        channel=series[found // phases] % channels,
        phase=found % phases,
        phases=phases,
    )


@dataclass(frozen=True, eq=False)
class Bend:
    """log suit and log capacity (channels, phases), and the shape of what saturates (2,)."""

    suit: Floats
    capacity: Floats
    shape: Floats

    def offset(self, groups: Groups, summed: Floats) -> Floats:
        """(g,) log of what bookings keep of their values, where these sum to `summed`."""
        at = np.log(summed) - self.capacity[groups.channel, groups.phase]
        return self.suit[groups.channel, groups.phase] + log_kept(at, self.shape)

    def fitted(self, groups: Groups, seen: Floats, weight: Floats, summed: Floats) -> Bend:
        """Least squares of groups' mean log residuals (g,), each with its precision, by Gauss-Newton from here, with
        priors: capacities near their channel's and those near one another, suits near their channel's mean."""
        c, p = self.suit.shape
        cells = c * p
        cell = groups.channel * p + groups.phase
        rows = np.arange(len(seen))
        pull, towards = _priors(c, p, float(np.log(np.quantile(summed, 0.75))))
        at = np.concatenate([self.suit.ravel(), self.capacity.ravel(), self.shape])
        root, log = np.sqrt(weight), np.log(summed)

        def misfit(at: Floats) -> Floats:
            kept = log_kept(log - at[cells + cell], at[-2:])
            return np.concatenate([(seen - at[cell] - kept) * root, towards - pull @ at])

        left = misfit(at)
        for _ in range(_STEPS):
            place, shape = log - at[cells + cell], at[-2:]
            kept = log_kept(place, shape)
            jacobian = np.zeros((len(seen), len(at)))
            jacobian[rows, cell] = 1.0
            jacobian[rows, cells + cell] = -(log_kept(place + _DIFFERENCE, shape) - kept) / _DIFFERENCE
            for i, more in enumerate(_DIFFERENCE * np.eye(2)):
                jacobian[:, 2 * cells + i] = (log_kept(place, shape + more) - kept) / _DIFFERENCE
            slope = np.vstack([jacobian * root[:, None], pull])
            step = np.clip(np.linalg.solve(slope.T @ slope, slope.T @ left), -1.0, 1.0)
            for part in _HALVED:  # the bends make full steps overshoot
                tried = at + part * step
                tried[-2:] = np.clip(tried[-2:], _SHAPE_LOW, _SHAPE_HIGH)
                found = misfit(tried)
                if found @ found < left @ left:
                    break
            else:
                break
            moved, at, left = np.abs(tried - at).max(), tried, found
            if moved < _NEAR:
                break
        return Bend(at[:cells].reshape(c, p), at[cells:-2].reshape(c, p), at[-2:])


def slopes(shape: Floats) -> Floats:
    """(bends + 1,) through the middle of each piece."""
    t = np.log(BENDS * np.sqrt(2))
    return np.concatenate([[1.0], np.exp(-shape[0] * t - shape[1] * t**2)])


def log_kept(at: Floats, shape: Floats) -> Floats:
    """log of the mean slope from 0 to exp(at) capacities."""
    place = np.exp(np.clip(at, -30.0, 30.0))
    return np.log(concave(place, BENDS, slopes(shape)) / place)


def start(summed: Floats, channels: int, phases: int) -> Bend:
    """Where nothing is known: the upper groups begin to bend."""
    level = float(np.log(np.quantile(summed, 0.75)))
    return Bend(np.zeros((channels, phases)), np.full((channels, phases), level), _SHAPE)


def _priors(c: int, p: int, centre: float) -> tuple[Floats, Floats]:
    """Rows of a penalty and what each should be."""
    cells = c * p
    of_channel = np.repeat(np.eye(c), p, axis=1) / p  # (c, cells) mean of a channel
    within = np.eye(cells) - np.repeat(of_channel, p, axis=0)
    among = of_channel - of_channel.mean(axis=0)
    pull = np.zeros((2 * cells + c + 3, 2 * cells + 2))
    pull[:cells, :cells] = within / _SUIT_SD
    pull[cells : 2 * cells, cells : 2 * cells] = within / _CELL_SD
    pull[2 * cells : -3, cells : 2 * cells] = among / _CHANNEL_SD
    pull[-3, cells : 2 * cells] = of_channel.mean(axis=0) / _LEVEL_SD
    pull[-2:, -2:] = np.diag(1 / _SHAPE_SD)
    towards = np.zeros(len(pull))
    towards[-3], towards[-2:] = centre / _LEVEL_SD, _SHAPE / _SHAPE_SD
    return pull, towards


def heat(seen: Floats, noise: Floats) -> tuple[float, float, Floats, Floats]:
    """keep, spread, and the mean and variance of the log heat, of series (s, phases) of mean log residuals with
    their variance (inf where nothing was booked), by maximum likelihood (see Market for the process)."""
    p = seen.shape[1]
    there = np.isfinite(noise)
    value = np.where(there, seen, 0.0)
    diagonal = np.where(there, noise, 1e6)
    eye = np.eye(p)

    def covariance(keep: float, spread: float) -> Floats:
        steps = np.subtract.outer(np.arange(p), np.arange(p))
        lower = np.where(steps >= 0, keep ** np.maximum(steps, 0), 0.0) * spread
        return lower @ lower.T

    def loss(at: Floats) -> float:
        keep, spread = 1 / (1 + np.exp(-at[0])), np.exp(at[1])
        whole = covariance(keep, spread) + eye * diagonal[:, :, None]
        _, log = np.linalg.slogdet(whole)
        solved = np.linalg.solve(whole, value[:, :, None])[:, :, 0]
        prior = ((keep - _KEEP) / _KEEP_SD) ** 2
        return float((log.sum() + (value * solved).sum() + prior) / 2)

    found = minimize(
        loss, np.array([0.0, np.log(0.2)]), method="L-BFGS-B", bounds=[(-4.0, 3.0), (-5.0, 0.5)]
    ).x
    keep, spread = float(1 / (1 + np.exp(-found[0]))), float(np.exp(found[1]))
    prior = covariance(keep, spread)
    gain = prior @ np.linalg.inv(prior + eye * diagonal[:, :, None])
    mean = (gain @ value[:, :, None])[:, :, 0]
    left = np.diagonal(prior - gain @ prior, axis1=1, axis2=2)
    return keep, spread, mean, left


def lasting(offers: Offers, history: History) -> Floats:
    """(channels,) what the shares of reads that came later say, drawn to the mean of all by some rows; 0 where none
    is logged."""
    c, p = len(offers.channels), history.phases
    left = p - 1 - history.phase
    known = np.isfinite(history.later) & (history.reads > 0) & (left > 0)
    if not known.any():
        return np.zeros(c)
    channel, left = offers.channel[history.creator[known]], left[known]
    rows, later = np.zeros((c, p)), np.zeros((c, p))
    np.add.at(rows, (channel, left), 1.0)
    np.add.at(later, (channel, left), np.clip(history.later[known] / history.reads[known], 0, 1))
    shares = later_share(_GRID, p)[:, ::-1]  # (grid, phases left)

    def best(n: Floats, found: float) -> float:
        return float(np.interp(found, shares @ n, _GRID))

    usual = rows.sum(axis=0) / rows.sum()
    all_of_them = best(usual, later.sum() / rows.sum())
    expected = np.array([np.interp(all_of_them, _GRID, shares[:, k]) for k in range(p)])
    more = _LASTING_ROWS * usual
    return np.array([best(rows[i] + more, later[i].sum() + more @ expected) for i in range(c)])


def later_share(lasting: Floats, phases: int) -> Floats:
    """(..., phases) of what a booking in a phase brings until the end, what comes after the phase."""
    left = phases - np.arange(phases)
    share = lasting[..., None]
    return 1 - (1 - share) / (1 - share**left)
