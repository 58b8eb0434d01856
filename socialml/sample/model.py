"""The planted model: kinds of users, calendar, and every number that the generator uses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

BEHAVIOUR_DAYS = 60  # length of the behaviour log
DAYS_A_MONTH = 30.0  # all rates are per 30 days
SPREAD = 0.9  # shrinks every user-level spread below; chosen once so that the kinds overlap as in a trial
ENGAGEMENT = 0.25  # loading of the shared engagement factor on all behaviour
SOCIAL = 0.45  # loading of the shared social factor on likes, shares and comments
FADE = 0.6  # behaviour of those who stopped buying, times what it was
ACTIVITY_SD = 0.15  # of the monthly log activity of one user
ACTIVITY_RHO = 0.8  # its autocorrelation from month to month

BEHAVIOURS = ("view", "click", "like", "share", "comment", "cart", "promotion")
SOCIAL_ACTIONS = ("like", "share", "comment")
# The user-level quantities, in the order of the columns of every (users, traits) array.
TRAITS = ("purchase", "order_value", "discount", "seconds", "session", *BEHAVIOURS)
# Lognormal spread of each trait between users of one kind (of the logit for discount).
SPREADS = {
    "purchase": 0.28, "order_value": 0.32, "discount": 0.40, "seconds": 0.32, "session": 0.28, "view": 0.30,
    "click": 0.36, "like": 0.32, "share": 0.36, "comment": 0.36, "cart": 0.34, "promotion": 0.34,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: str
    label: str
    share: float  # of all users; Table 1 of Li 2024, users divided by their sum
    purchases: float  # orders per active month (30 days), season and promotions divided out; Table 1
    order_value: float  # median price of one order line before discount, CNY
    discounted: float  # share of order lines bought with a discount
    seconds: float  # median seconds of one view
    sessions: float  # visits per 30 days
    rates: tuple[float, ...]  # events per 30 days, in the order of BEHAVIOURS
    tenure: tuple[float, float]  # median days since registration, lognormal spread
    tenure_bounds: tuple[float, float]  # days
    leave: float  # chance a month to stop buying for good
    promotion_response: float  # times the purchase rate on a promotion day
    income: float  # median monthly income, CNY
    age: float  # mean, years
    female: float  # share
    douyin: float  # share; the rest come from Kuaishou


# Median days since registration and spread of those who are not new; from 75 days to four years ago.
_OLD, _OLD_DAYS = (230.0, 0.85), (75.0, 1500.0)
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="frequent",
            label="High-Frequency Buyers",
            share=124056,
            purchases=14,
            order_value=160,
            discounted=0.17,
            seconds=40,
            sessions=9,
            rates=(6.5, 1.0, 1.4, 0.7, 0.6, 6.0, 1.0),
            tenure=_OLD,
            tenure_bounds=_OLD_DAYS,
            leave=0.006,
            promotion_response=2.0,
            income=9500,
            age=34,
            female=0.60,
            douyin=0.60,
        ),
        Kind(
            name="browser",
            label="Low-Frequency Browsers",
            share=201789,
            purchases=2,
            order_value=120,
            discounted=0.17,
            seconds=110,
            sessions=12,
            rates=(12, 0.9, 1.3, 0.6, 0.5, 0.8, 0.8),
            tenure=_OLD,
            tenure_bounds=_OLD_DAYS,
            leave=0.010,
            promotion_response=2.0,
            income=7000,
            age=31,
            female=0.55,
            douyin=0.55,
        ),
        Kind(
            name="social",
            label="Socially Active Users",
            share=159876,
            purchases=6,
            order_value=100,
            discounted=0.17,
            seconds=42,
            sessions=8,
            rates=(6, 0.9, 10, 5, 4.5, 1.4, 0.9),
            tenure=_OLD,
            tenure_bounds=_OLD_DAYS,
            leave=0.006,
            promotion_response=2.0,
            income=7000,
            age=27,
            female=0.66,
            douyin=0.65,
        ),
        Kind(
            name="price",
            label="Price-Sensitive Users",
            share=276432,
            purchases=5,
            order_value=68,
            discounted=0.46,
            seconds=38,
            sessions=6,
            rates=(5, 0.9, 1.0, 0.5, 0.4, 1.3, 4.8),
            tenure=_OLD,
            tenure_bounds=_OLD_DAYS,
            leave=0.008,
            promotion_response=4.0,
            income=5200,
            age=39,
            female=0.62,
            douyin=0.40,
        ),
        Kind(
            name="new",
            label="New Users",
            share=226101,
            purchases=3,
            order_value=115,
            discounted=0.17,
            seconds=42,
            sessions=6,
            rates=(5.5, 4.4, 1.1, 0.5, 0.45, 1.0, 0.9),
            tenure=(48.0, 0.42),
            tenure_bounds=(12.0, 89.0),
            leave=0.04,
            promotion_response=2.5,
            income=6500,
            age=29,
            female=0.57,
            douyin=0.58,
        ),
    )
}

# Multiplier of the purchase rate by calendar month, January first; mean 1 over a year.
SEASON = np.array([1.02, 0.84, 0.95, 0.97, 0.99, 1.00, 0.94, 0.95, 1.02, 1.05, 1.15, 1.12])
# First and last day of each promotion, (month, day).
PROMOTIONS = {"6.18": ((6, 16), (6, 18)), "11.11": ((11, 9), (11, 11)), "12.12": ((12, 11), (12, 12))}
PRICE_TREND = 0.004  # growth of order values a month; the growth of user numbers comes from registrations

# Share of events by hour: falling 0 to 6, rising 7 to 16, high and stable from 17 (Tang, figure 5).
HOURS = np.array([
    3.0, 2.2, 1.5, 1.0, 0.7, 0.5, 0.4, 0.8, 1.4, 2.2, 3.0, 3.6,
    4.0, 4.3, 4.6, 5.0, 5.4, 6.2, 6.4, 6.5, 6.6, 6.6, 6.4, 6.0,
])  # fmt: skip
WEEKDAYS = np.array([0.94, 0.94, 0.96, 0.98, 1.04, 1.08, 1.06])  # Monday first

CATEGORIES = (
    "beauty", "snacks", "fashion", "home", "shoes", "baby", "digital", "sports", "jewellery", "books", "pets",
    "fresh",
)  # fmt: skip
# Times the order value.
CATEGORY_PRICE = np.array([1.05, 0.7, 1.1, 0.9, 1.25, 1.0, 1.5, 1.15, 1.4, 0.65, 0.8, 0.75])
ITEMS_A_CATEGORY = 60
ZIPF = 1.05  # exponent of the popularity of items in a category; categories follow 0.6
FAVOURITE = 0.45  # share of a user's picks that come from their two favourite categories

REFUNDS = 0.035  # share of order lines sent back for their full amount
SECOND_LINE = 0.05  # share of orders with a second line
DISCOUNT_RANGE = (0.08, 0.35)  # of the price
OTHER_DEVICE = 0.03  # share of honest orders placed from a device that is not the user's own
ANOMALY_TIMES = (5.0, 15.0)  # an anomaly's amount over what it would have been
LINE_NOISE = 0.35  # lognormal spread of one line's price around the user's level

DEVICES = ("iPhone", "Huawei", "Xiaomi", "OPPO", "vivo")
DEVICE_SHARES = np.array([0.24, 0.26, 0.18, 0.17, 0.15])
REGIONS = (
    "Guangdong", "Shandong", "Henan", "Jiangsu", "Sichuan", "Hebei", "Zhejiang", "Hunan", "Anhui", "Hubei",
    "Guangxi", "Yunnan", "Jiangxi", "Liaoning", "Fujian", "Shaanxi", "Heilongjiang", "Shanxi", "Guizhou",
    "Chongqing", "Jilin", "Gansu", "Inner Mongolia", "Xinjiang", "Shanghai", "Beijing", "Tianjin", "Hainan",
)  # fmt: skip
REGION_SHARES = np.array([
    126, 102, 99, 85, 84, 75, 65, 66, 61, 58, 50, 47, 45, 43, 42, 40,
    32, 35, 39, 32, 24, 25, 24, 26, 25, 22, 14, 10,
])  # fmt: skip
# Comments by what they say of the product: praise, neither, complaint; the last of each row are English.
COMMENTS: tuple[tuple[str, ...], ...] = (
    ("好看", "喜欢", "主播好棒", "质量不错", "回购了", "很划算", "物流很快包装也好", "yyds闭眼入", "绝绝子👍",
     "比想象中好", "love it", "great quality", "so happy with this", "fits perfectly 😍"),
    ("多少钱", "已下单", "还有货吗", "发货快吗", "求链接", "有优惠吗", "什么时候发货", "能穿到120斤吗",
     "any coupon?", "what size is this?", "just ordered", "how long is shipping?"),
    ("太贵了", "尺码偏小", "踩雷了", "质量很差", "色差太大不推荐", "客服态度不好", "等了十天还没到", "智商税避雷",
     "失望😡", "waste of money", "broke after two days", "very disappointed", "not as described"),
)  # fmt: skip
ENGLISH = (4, 4, 4)  # of each row
ENGLISH_SHARE = 0.2
# Chance of praise and of a complaint for the satisfaction of a customer, 1 to 5; else they only ask.
PRAISE, COMPLAINT = np.array([0.10, 0.18, 0.32, 0.48, 0.60]), np.array([0.55, 0.40, 0.20, 0.10, 0.05])
DISLIKED, MORE_COMPLAINTS = "shoes", 0.2  # a category about which complaints are likelier by so much


def calendar(start: date, days: int, kinds: list[Kind]) -> NDArray[np.float64]:
    """Multiplier of the purchase rate: (days, kinds), season x weekday x promotion."""
    out = np.empty((days, len(kinds)))
    response = np.array([kind.promotion_response for kind in kinds])
    for i in range(days):
        day = start + timedelta(days=i)
        on = any(first <= (day.month, day.day) <= last for first, last in PROMOTIONS.values())
        out[i] = SEASON[day.month - 1] * WEEKDAYS[day.weekday()] * (response if on else 1.0)
    return out


def log_means(kinds: list[Kind]) -> NDArray[np.float64]:
    """(kinds, traits): log of each kind's median (logit for discount; log of the mean for counts)."""
    rows = []
    for kind in kinds:
        logit = np.log(kind.discounted / (1 - kind.discounted))
        counts = np.log([kind.sessions, *kind.rates])
        rows.append([np.log(kind.purchases), np.log(kind.order_value), logit, np.log(kind.seconds), *counts])
    return np.array(rows)


def shares(kinds: list[Kind]) -> NDArray[np.float64]:
    """Shares of the kinds in use; they add up to 1 whichever are left out."""
    users = np.array([kind.share for kind in kinds], dtype=float)
    return users / users.sum()
