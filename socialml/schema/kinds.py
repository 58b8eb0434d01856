"""All kinds of tables, by name."""

from __future__ import annotations

from socialml.schema.campaign import CREATORS, PLACEMENTS
from socialml.schema.columns import Column, Kind, also
from socialml.schema.shop import EVENTS, ORDERS, PLATFORM, USER_ID, USERS

IMPRESSIONS = Kind(
    name="impressions",
    label="Recommendations shown",
    noun="shown recommendation",
    help="One row for each recommendation: what was shown to whom, with what offer, and what followed.",
    columns=(
        USER_ID,
        Column(
            name="ts",
            type="time",
            label="When it was shown",
            required=True,
            aliases=also(
                "time timestamp datetime date showntime impressiontime exposuretime "
                "曝光时间 推荐时间 展示时间 时间 日期"
            ),
        ),
        Column(
            name="category",
            type="text",
            label="Category shown",
            help="What was recommended.",
            required=True,
            aliases=also(
                "action arm recommended recommendation item itemid productcategory cat 推荐类目 类目 品类 商品类目 分类"
            ),
        ),
        Column(
            name="offer",
            type="text",
            label="Offer",
            help="The coupon or price that came with it; 'none' where there was none.",
            aliases=also("coupon promotion deal discounttype 优惠 优惠券 促销 折扣类型"),
        ),
        PLATFORM,
        Column(
            name="propensity",
            type="number",
            label="Chance of being shown",
            help="With which the system chose just this, between 0 and 1. Without it no policy can be judged"
            " from the log alone.",
            aliases=also(
                "propensityscore pscore probability prob exposureprobability 推荐概率 曝光概率 概率 倾向分"
            ),
        ),
        Column(
            name="seconds",
            type="number",
            label="Seconds watched",
            aliases=also(
                "duration watchtime watchseconds dwelltime viewseconds 观看时长 停留时长 观看秒数 时长"
            ),
        ),
        Column(name="likes", type="integer", label="Likes", aliases=also("like liked 点赞 点赞数")),
        Column(
            name="comments", type="integer", label="Comments", aliases=also("comment commented 评论 评论数")
        ),
        Column(
            name="shares",
            type="integer",
            label="Shares",
            aliases=also("share shared forward 分享 转发 分享数"),
        ),
        Column(
            name="purchases",
            type="integer",
            label="Orders that followed",
            aliases=also(
                "purchase purchased bought order converted conversion click reward 购买 成交 下单 成交数"
            ),
        ),
        Column(
            name="amount",
            type="money",
            label="Amount paid",
            help="In the dataset's currency, for these orders.",
            aliases=also("revenue sales paid value gmv 成交金额 支付金额 金额"),
        ),
        Column(
            name="returned",
            type="integer",
            label="Came back within 7 days",
            help="1 or 0.",
            aliases=also("cameback retained return7d returnwithin7days 七日回访 7日回访 回访 七日留存"),
        ),
        Column(
            name="satisfaction",
            type="integer",
            label="Satisfaction (1 to 5)",
            help="A survey's answer, where it was asked.",
            aliases=also("survey csat rating surveyscore 满意度 评分 满意度评分"),
        ),
    ),
    one_of=(("purchases",), ("amount",), ("seconds",)),
)

RECORDS = Kind(
    name="records",
    label="Any table",
    noun="record",
    help="One row for each case, with any columns: for questions about a column you choose.",
    columns=(),
)

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (EVENTS, ORDERS, USERS, IMPRESSIONS, CREATORS, PLACEMENTS, RECORDS)
}
