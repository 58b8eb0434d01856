"""What a customer will order and be worth: BG/NBD for how often, Gamma-Gamma for how much.

BG/NBD (Fader, Hardie and Lee 2005, "Counting your customers the easy way"): orders come at a rate of the customer's
own (gamma: r, alpha); after each one the customer leaves for good with a chance of their own (beta: a, b). Gamma-Gamma
(Fader and Hardie 2013, "The gamma-gamma model of monetary value"): an order's value varies around the customer's own
mean. Neither knows seasons or trends. Time is in months.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, gammaln, psi

from socialml.errors import UserError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEAST = 10  # customers to learn from; four parameters of fewer are guesses
PRIOR = (
    3.0  # standard deviation of each log parameter around 0: far wider than what is published, yet it keeps
)
# the fit finite where the data cannot tell (nobody ever leaves, all orders cost the same)
STARTS = ((0.0, 0.0, 0.0, 0.0), (-1.0, 1.0, -1.0, 1.0), (1.0, 2.0, -2.0, 2.0))
VALUE_STARTS = ((0.0, 0.0, 0.0), (2.0, 1.0, 1.0), (1.0, 2.0, 3.0))
NODES = 32  # of the quadrature over the chance to leave: off by a millionth at worst over twelve months


@dataclass(frozen=True)
class Bgnbd:
    r: float
    alpha: float  # months
    a: float
    b: float

    def alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """(n,) chance that the customer has not left; 1 for whoever ordered once, who had no chance to leave yet."""
        x = np.maximum(
            frequency, 1
        )  # only to keep the logarithm defined; those without repeats are set below
        odds = np.log(self.a) - np.log(self.b + x - 1)
        odds = odds + (self.r + frequency) * np.log((self.alpha + age) / (self.alpha + recency))
        return np.where(frequency > 0, expit(-odds), 1.0)

    def expected_orders(self, frequency: Floats, recency: Floats, age: Floats, horizon: float) -> Floats:
        """(n,) orders in the next `horizon` months; equation (10).

        The published form takes 2F1 from 1 and divides by a - 1: it loses all digits for hundreds of orders and has
        none at a = 1. The same expectation is an integral over the chance to leave, which Gauss-Jacobi does exactly
        enough.
        """
        shape = self.r + frequency
        reach = horizon / (self.alpha + age)
        kinds, which = np.unique(frequency, return_inverse=True)
        chance, weight = _beta_nodes(self.a, self.b + kinds)
        while_alive = np.zeros(len(frequency))
        for node in range(NODES):
            p = chance[which, node]
            while_alive += weight[which, node] * -np.expm1(-shape * np.log1p(p * reach)) / p
        return while_alive * self.alive(frequency, recency, age)


@dataclass(frozen=True)
class GammaGamma:
    p: float
    q: float  # above 1: below, the population has no mean
    gamma: float  # money

    @property
    def mean(self) -> float:
        """An order's value in the population."""
        return self.p * self.gamma / (self.q - 1)

    def expected_value(self, frequency: Floats, mean_value: Floats) -> Floats:
        """(n,) value of an order to come: between the customer's mean and the population's; equation (5).

        frequency: orders that the mean is of. Without any, or with a mean that is not above zero (everything was
        sent back), it is the population's.
        """
        usable = _usable(frequency, mean_value)
        x, value = np.where(usable, frequency, 0.0), np.where(usable, mean_value, 0.0)
        return (self.gamma + value * x) * self.p / (self.p * x + self.q - 1)


@dataclass(frozen=True, eq=False)
class History:
    """What the models need of n customers; all zero for whoever has not ordered yet."""

    frequency: Floats  # orders after the first
    recency: Floats  # months from the first order to the last
    age: Floats  # months from the first order to the end of the history
    orders: Floats  # orders that mean_value is of
    mean_value: Floats  # net money an order; may be zero or less after refunds
    bought: Flags  # has ordered


@dataclass(frozen=True)
class CustomerValue:
    orders: Bgnbd
    value: GammaGamma

    def forecast(self, history: History, months: float) -> tuple[Floats, Floats]:
        """(n,) orders and (n,) money in the next months; zero for whoever has not ordered yet."""
        h = history
        orders = np.where(h.bought, self.orders.expected_orders(h.frequency, h.recency, h.age, months), 0.0)
        return orders, orders * self.value.expected_value(h.orders, h.mean_value)


def learn(history: History) -> CustomerValue:
    """UserError few_customers, few_repeats, few_values."""
    h, own = history, history.bought
    return CustomerValue(
        fit(h.frequency[own], h.recency[own], h.age[own]), fit_value(h.orders[own], h.mean_value[own])
    )


def from_months(orders: Floats, amount: Floats, known: Flags, first_order: Ints) -> History:
    """orders, amount, known: (n, m), oldest first. first_order: (n,) month of the first order, 0 where it was
    earlier, m or more where there was none.

    Orders of one month are taken to be spread evenly over it.
    """
    m = orders.shape[1]
    counts = np.where(known, orders, 0.0)
    there, total = counts > 0, counts.sum(axis=1)
    some = there.any(axis=1)
    first = np.minimum(first_order, m - 1)
    rows = np.arange(len(orders))
    first_count = counts[rows, first]
    began = np.where(first_count > 0, first + 1 / (first_count + 1), 0.0)  # else before the first month
    last = m - 1 - there[:, ::-1].argmax(axis=1)
    last_count = counts[rows, last]
    ended = np.where(some, last + last_count / (last_count + 1), began)
    bought = (first_order < m) & (some | (first_order <= 0))
    repeats = total - (first_count > 0)
    money = np.where(known, amount, 0.0).sum(axis=1)
    return History(
        frequency=np.where(bought, repeats, 0.0),
        recency=np.where(bought & (repeats > 0), ended - began, 0.0),
        age=np.where(bought, m - began, 0.0),
        orders=total,
        mean_value=money / np.maximum(total, 1),
        bought=bought,
    )


def fit(frequency: Floats, recency: Floats, age: Floats) -> Bgnbd:
    """frequency: orders after the first; recency: months from the first to the last; age: months since the first,
    recency <= age. (n,) each. UserError few_customers, few_repeats.
    """
    if len(frequency) < LEAST:
        raise _few("few_customers", f"at least {LEAST} customers who ordered", len(frequency))
    if (frequency > 0).sum() < LEAST:
        raise _few("few_repeats", f"at least {LEAST} customers who ordered twice", int((frequency > 0).sum()))
    rows, count = np.unique(np.column_stack([frequency, recency, age]), axis=0, return_counts=True)
    weight: Floats = count.astype(float)
    x, last, end = rows.T
    repeated = x > 0
    before = np.where(repeated, x - 1, 0.0)

    def loss(log_params: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = params = np.exp(log_params)
        stayed = -(r + x) * np.log(alpha + end)
        left = np.log(a) - np.log(b + before) - (r + x) * np.log(alpha + last)
        left = np.where(repeated, left, -np.inf)
        each = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        each += gammaln(a + b) - gammaln(a + b + x) + gammaln(b + x) - gammaln(b) + np.logaddexp(stayed, left)
        gone = np.where(repeated, expit(left - stayed), 0.0)
        slope = np.array(
            [
                psi(r + x)
                - psi(r)
                + np.log(alpha / (alpha + end))
                + gone * np.log((alpha + end) / (alpha + last)),
                r / alpha - (r + x) * ((1 - gone) / (alpha + end) + gone / (alpha + last)),
                psi(a + b) - psi(a + b + x) + gone / a,
                psi(a + b) - psi(a + b + x) + psi(b + x) - psi(b) - gone / (b + before),
            ]
        )
        return -float(weight @ each), -(slope @ weight) * params

    return Bgnbd(*map(float, np.exp(_least(loss, STARTS, len(frequency)))))


def fit_value(frequency: Floats, mean_value: Floats) -> GammaGamma:
    """frequency: orders that the mean is of; mean_value: money. (n,) each; rows without a mean above zero are left
    out. UserError few_values.
    """
    usable = _usable(frequency, mean_value)
    if usable.sum() < LEAST:
        raise _few(
            "few_values", f"at least {LEAST} customers who paid more than was refunded", int(usable.sum())
        )
    unit = float(np.median(mean_value[usable]))
    x, value = frequency[usable].astype(float), mean_value[usable] / unit
    log_x, log_value = np.log(x), np.log(value)

    def loss(log_params: Floats) -> tuple[float, Floats]:
        p, above, gamma = params = np.exp(log_params)
        q = 1 + above
        whole = np.log(gamma + value * x)
        each = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
        each += (p * x - 1) * log_value + p * x * log_x - (p * x + q) * whole
        slope = np.array(
            [
                (x * (psi(p * x + q) - psi(p * x) + log_value + log_x - whole)).sum(),
                (psi(p * x + q) - psi(q) + np.log(gamma) - whole).sum(),
                (q / gamma - (p * x + q) / (gamma + value * x)).sum(),
            ]
        )
        return -float(each.sum()), -slope * params

    p, above, gamma = np.exp(_least(loss, VALUE_STARTS, len(x)))
    return GammaGamma(float(p), float(1 + above), float(gamma * unit))


def _least(
    loss: Callable[[Floats], tuple[float, Floats]], starts: tuple[tuple[float, ...], ...], n: int
) -> Floats:
    """Log parameters with the least loss and prior, from the best of the starts."""

    def penalised(log_params: Floats) -> tuple[float, Floats]:
        value, slope = loss(log_params)
        prior = 0.5 * float((log_params**2).sum()) / PRIOR**2
        return (value + prior) / n, (slope + log_params / PRIOR**2) / n

    bounds = [(-12.0, 12.0)] * len(starts[0])
    found = [
        minimize(
            penalised,
            np.array(start),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"ftol": 1e-12, "gtol": 1e-7},
        )
        for start in starts
    ]
    return min(found, key=lambda one: one.fun).x


def _beta_nodes(a: float, b: Floats) -> tuple[Floats, Floats]:
    """(kinds, NODES) nodes and weights of the mean over a beta(a, b) variable (Golub and Welsch 1969)."""
    # Jacobi polynomials on [-1, 1] belong to (1 - y)^(b-1) (1 + y)^(a-1), with y = 2p - 1.
    one, two = (b - 1)[:, None], a - 1
    k = np.arange(NODES, dtype=float)
    total = 2 * k + one + two
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (two**2 - one**2) / (total * (total + 2))
        k, total = k[1:], total[:, 1:]
        side = 4 * k * (k + one) * (k + two) * (k + one + two) / (total**2 * (total + 1) * (total - 1))
    # The general terms are 0/0 where a + b = 2 or 1; these are their limits.
    middle[:, 0] = ((two - one) / (one + two + 2))[:, 0]
    side[:, 0] = (4 * (1 + one) * (1 + two) / ((one + two + 2) ** 2 * (one + two + 3)))[:, 0]
    matrix = np.zeros((len(b), NODES, NODES))
    at = np.arange(NODES)
    matrix[:, at, at] = (middle + 1) / 2
    matrix[:, at[1:], at[:-1]] = np.sqrt(side) / 2  # eigh reads the lower half
    nodes, vectors = np.linalg.eigh(matrix)
    return np.clip(nodes, 1e-300, 1.0), vectors[:, 0, :] ** 2


def _usable(frequency: Floats, mean_value: Floats) -> Flags:
    return (frequency > 0) & (mean_value > 0) & np.isfinite(mean_value)


def _few(code: str, needed: str, found: int) -> UserError:
    return UserError(
        code,
        f"Customer value is learned from {needed}; here there {'is' if found == 1 else 'are'} {found}.",
        "Import older orders, or orders of more customers.",
    )
