"""Kinds of tables, their canonical columns with units, and the headers that mean them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["id", "text", "time", "money", "number", "integer", "flag"]

# How a canonical type is stored. Ids are text: 19 digits do not survive a float.
SQL_TYPES: dict[ColumnType, str] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "money": "DECIMAL(18,4)",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "flag": "BOOLEAN",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    type: ColumnType
    label: str  # what a marketer calls it
    help: str = ""
    required: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: str
    label: str
    help: str
    columns: tuple[Column, ...]
    # Sets of columns of which one whole set must be mapped.
    one_of: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def missing(self, mapped: set[str]) -> list[str]:
        """The columns that are required and not mapped; of alternatives, the first set."""
        gaps = [c.name for c in self.columns if c.required and c.name not in mapped]
        if self.one_of and not any(set(names) <= mapped for names in self.one_of):
            gaps += list(self.one_of[0])
        return gaps


def normalise_header(header: str) -> str:
    """A header without case, spaces and punctuation, for comparison: 'User ID' -> 'userid'."""
    return re.sub(r"[\W_]+", "", header.strip().lower())


def _also(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_USER_ID = Column(
    name="user_id",
    type="id",
    label="Customer",
    required=True,
    help="Who did it. Kept as text, so long numbers and leading zeros survive.",
    aliases=_also(
        "user userid uid customerid customer customer_no memberid member buyerid buyer "
        "clientid visitorid openid open_id accountid 用户id 用户 用户编号 用户标识 客户id "
        "客户 客户编号 会员id 会员编号 会员 买家id 买家 买家昵称 顾客id 粉丝id"
    ),
)
_PLATFORM = Column(
    name="platform",
    type="text",
    label="Platform",
    aliases=("app", "channel", "source", "site", "平台", "渠道", "来源", "来源平台", "流量来源"),
)
_ITEM = Column(
    name="item_id",
    type="id",
    label="Product",
    aliases=_also(
        "item itemid productid product sku skuid goodsid stockcode 商品id 商品编号 商品 货号 商品编码 宝贝id 商品名称"
    ),
)
_CATEGORY = Column(
    name="category",
    type="text",
    label="Product category",
    aliases=_also("categoryid productcategory cat 类目 品类 商品类目 商品分类 分类 类别 品类名称"),
)
_REGION_ALIASES = _also("province city country location state area 地区 省份 城市 地域 所在地 省")

EVENTS = Kind(
    name="events",
    label="Behaviour events",
    help="One row for each thing a customer did: watched, liked, bought.",
    columns=(
        _USER_ID,
        Column(
            name="ts",
            type="time",
            label="When",
            required=True,
            aliases=_also(
                "time timestamp datetime date eventtime event_time event_date eventdate createdat "
                "created_at 行为时间 时间 时间戳 日期 发生时间 事件时间 操作时间"
            ),
        ),
        Column(
            name="action",
            type="text",
            label="What they did",
            required=True,
            help="View, click, like, share, comment, cart, promotion, purchase, or your own word.",
            aliases=_also(
                "event eventtype event_type behavior behaviour behaviortype behaviourtype type "
                "actiontype 行为 行为类型 事件 事件类型 动作 操作类型"
            ),
        ),
        _ITEM,
        _CATEGORY,
        _PLATFORM,
        Column(
            name="seconds",
            type="number",
            label="Seconds watched",
            aliases=_also(
                "duration durationseconds dwelltime watchtime watchseconds viewseconds timespent "
                "停留时长 浏览时长 观看时长 时长 停留秒数 观看秒数"
            ),
        ),
        Column(
            name="pages",
            type="integer",
            label="Pages seen",
            aliases=("pageviews", "page_views", "pagecount", "页面数", "浏览页数", "页数", "浏览页面数"),
        ),
        Column(
            name="order_id",
            type="id",
            label="Order number",
            aliases=_also("order orderno ordernumber invoiceno invoice 订单号 订单编号 订单id"),
        ),
        Column(
            name="quantity",
            type="integer",
            label="Quantity",
            aliases=("qty", "count", "数量", "购买数量", "件数"),
        ),
        Column(
            name="amount",
            type="money",
            label="Amount paid",
            help="In the dataset's currency, not in cents.",
            aliases=_also("price value revenue sales total payment 金额 支付金额 付款金额 成交金额 消费金额"),
        ),
        Column(
            name="discount",
            type="money",
            label="Discount given",
            help="Money off this purchase.",
            aliases=_also("discountamount coupon couponamount 优惠金额 折扣 优惠 折扣金额 优惠券金额"),
        ),
        Column(
            name="text",
            type="text",
            label="Comment text",
            aliases=_also("comment commenttext content review 评论内容 评论 内容 评价 评价内容"),
        ),
        Column(
            name="device",
            type="text",
            label="Device",
            aliases=("devicetype", "os", "设备", "设备类型", "终端", "机型"),
        ),
    ),
)

ORDERS = Kind(
    name="orders",
    label="Orders",
    help="One row for each order line, with what was paid. Refunds are negative.",
    columns=(
        _USER_ID,
        Column(
            name="ts",
            type="time",
            label="When it was ordered",
            required=True,
            aliases=_also(
                "time timestamp datetime date orderdate order_date ordertime order_time invoicedate "
                "invoice_date purchasedate paidat paytime createdat created_at 下单时间 订单时间 "
                "订单提交时间 付款时间 支付时间 支付完成时间 成交时间 购买时间 订单创建时间 日期 时间"
            ),
        ),
        Column(
            name="order_id",
            type="id",
            label="Order number",
            help="Lines with the same number are one order. Without it each line counts as an order.",
            aliases=_also(
                "order orderno ordernumber invoiceno invoice invoicenumber transactionid 订单号 "
                "订单编号 主订单编号 订单id 交易号 交易编号"
            ),
        ),
        _ITEM,
        _CATEGORY,
        _PLATFORM,
        Column(
            name="quantity",
            type="integer",
            label="Quantity",
            aliases=("qty", "count", "units", "数量", "购买数量", "商品数量", "件数"),
        ),
        Column(
            name="unit_price",
            type="money",
            label="Price of one",
            aliases=("unitprice", "price", "单价", "商品单价", "价格"),
        ),
        Column(
            name="amount",
            type="money",
            label="Amount paid",
            help="For the whole line, in the dataset's currency.",
            aliases=_also(
                "total totalamount revenue sales paid payment paidamount ordertotal order_amount "
                "orderamount value 金额 支付金额 实付金额 付款金额 订单金额 商品金额 实付款 成交金额 "
                "消费金额"
            ),
        ),
        Column(
            name="discount",
            type="money",
            label="Discount given",
            help="Money off this line.",
            aliases=_also("discountamount coupon couponamount 优惠金额 折扣 优惠 折扣金额 优惠券金额"),
        ),
        Column(
            name="device",
            type="text",
            label="Device",
            aliases=("devicetype", "os", "设备", "设备类型", "终端", "机型"),
        ),
        Column(name="region", type="text", label="Region", aliases=_REGION_ALIASES),
    ),
    one_of=(("amount",), ("quantity", "unit_price")),
)

USERS = Kind(
    name="users",
    label="Customers",
    help="One row for each customer, with what you know of them.",
    columns=(
        _USER_ID,
        Column(name="gender", type="text", label="Gender", aliases=("sex", "性别")),
        Column(name="age", type="integer", label="Age", help="In years.", aliases=("年龄",)),
        Column(name="region", type="text", label="Region", aliases=_REGION_ALIASES),
        Column(
            name="income",
            type="money",
            label="Monthly income",
            aliases=("monthlyincome", "salary", "incomelevel", "收入", "月收入", "收入水平"),
        ),
        Column(
            name="device",
            type="text",
            label="Device",
            aliases=("devicetype", "os", "设备", "设备类型", "终端", "机型"),
        ),
        _PLATFORM,
        Column(
            name="registered",
            type="time",
            label="Registered on",
            aliases=_also(
                "registeredat registrationdate registerdate registered_at registration_date "
                "signupdate signup joined joindate createdat 注册时间 注册日期 入会时间"
            ),
        ),
        Column(
            name="satisfaction",
            type="integer",
            label="Satisfaction (1 to 5)",
            aliases=("survey", "csat", "surveyscore", "rating", "满意度", "评分", "满意度评分"),
        ),
    ),
)

RECORDS = Kind(
    name="records",
    label="Any table",
    help="One row for each case, with any columns: for questions about a column you choose.",
    columns=(),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in (EVENTS, ORDERS, USERS, RECORDS)}

# Words found in files -> the action they mean. Others are kept as they are.
ACTIONS: dict[str, str] = {
    word: action
    for action, words in {
        "view": "view pv browse watch page_view pageview 浏览 观看 查看",
        "click": "click ad_click adclick 点击 点击广告 广告点击",
        "like": "like 点赞 赞 喜欢",
        "favourite": "favourite favorite fav 收藏",
        "share": "share forward 分享 转发",
        "comment": "comment review 评论 评价",
        "cart": "cart add_to_cart addtocart 加购 加入购物车 购物车",
        "promotion": "promotion promo promotion_open coupon 优惠 促销 领券 打开促销",
        "purchase": "purchase buy order pay transaction 购买 下单 支付 成交",
        "refund": "refund return 退款 退货",
    }.items()
    for word in words.split()
}

# The columns of the stored events table, orders among them, in order. import_id, kind and the two
# clocks are the store's own; the rest are canonical columns of EVENTS and ORDERS.
EVENT_COLUMNS: tuple[tuple[str, str], ...] = (
    ("import_id", "INTEGER"),
    ("kind", "VARCHAR"),  # 'events' or 'orders'
    ("user_id", "VARCHAR"),  # null: counts in revenue and in no user
    ("ts_utc", "TIMESTAMP"),
    ("ts_local", "TIMESTAMP"),  # in the dataset's zone
    ("action", "VARCHAR"),
    ("order_id", "VARCHAR"),
    ("item_id", "VARCHAR"),
    ("category", "VARCHAR"),
    ("platform", "VARCHAR"),
    ("device", "VARCHAR"),
    ("region", "VARCHAR"),
    ("seconds", "DOUBLE"),
    ("pages", "BIGINT"),
    ("quantity", "BIGINT"),
    ("amount", "DECIMAL(18,4)"),  # paid; negative for refunds
    ("discount", "DECIMAL(18,4)"),
    ("text", "VARCHAR"),
)
USER_COLUMNS: tuple[tuple[str, str], ...] = (
    ("import_id", "INTEGER"),
    ("user_id", "VARCHAR"),
    ("gender", "VARCHAR"),
    ("age", "BIGINT"),
    ("region", "VARCHAR"),
    ("income", "DECIMAL(18,4)"),
    ("device", "VARCHAR"),
    ("platform", "VARCHAR"),
    ("registered_utc", "TIMESTAMP"),
    ("registered_local", "TIMESTAMP"),
    ("satisfaction", "BIGINT"),
)
