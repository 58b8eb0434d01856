"""What a campaign's phases tell of the heat of its channels, and what to expect of the phases to come."""

from __future__ import annotations

import numpy as np

from socialml.environments.market import Floats, Market


class Watch:
    """The log heat of each channel, estimated while a campaign, or many, runs: a Kalman filter, since the log heat is
    a first-order autoregression and what a channel brings over what was expected shows it with noise."""

    def __init__(
        self, market: Market, phase: int = -1, seen: Floats | None = None, error: float = 0.0
    ) -> None:
        """phase: the last one that has ended; seen: (..., channels) its log heat, nan where unknown; error: the
        standard deviation of what was seen."""
        self.market, self.phase = market, phase
        self.mean: Floats = np.zeros(len(market.channels))
        self.variance: Floats = np.full(len(market.channels), market.variance()[phase] if phase >= 0 else 0.0)
        if seen is not None:
            self._learn(seen, error)

    def see(self, share: Floats, error: Floats | float = 0.0) -> None:
        """The next phase's result: share (..., channels) of what was expected at the mean heat, nan where nothing ran;
        error: (..., channels) standard deviation of its log."""
        market = self.market
        self.phase += 1
        self.mean = market.keep * self.mean
        self.variance = market.keep**2 * self.variance + market.spread**2
        with np.errstate(divide="ignore"):
            self._learn(np.log(share) + market.variance()[self.phase] / 2, error)

    def _learn(self, shown: Floats, error: Floats | float) -> None:
        known = np.isfinite(shown)
        total = self.variance + np.square(error)
        trust = np.where(known & (total > 0), self.variance / np.where(total > 0, total, 1), 0.0)
        self.mean = self.mean + trust * (np.where(known, shown, 0.0) - self.mean)
        self.variance = (1 - trust) * self.variance

    def foretold(self) -> Floats:
        """(..., channels, phases) mean heat of the phases to come; 1 up to the last one seen."""
        if self.phase < 0:
            return np.ones((len(self.market.channels), len(self.market.phases)))
        ahead = np.arange(len(self.market.phases)) - self.phase
        kept = np.where(ahead > 0, self.market.keep ** np.maximum(ahead, 0), 0.0)
        unknown = self.market.variance()[self.phase] - self.variance
        return np.exp(self.mean[..., None] * kept - kept**2 * unknown[..., None] / 2)
