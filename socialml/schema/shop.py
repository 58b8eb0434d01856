"""Kinds of tables about customers: what they did, what they ordered, who they are."""

from __future__ import annotations

from dataclasses import replace

from socialml.schema.columns import Column, Kind, also

USER_ID = Column(
    name="user_id",
    type="id",
    label="Customer",
    required=True,
    help="Who did it. Kept as text, so long numbers and leading zeros survive.",
    aliases=also(
        "user userid uid customerid customer customer_no memberid member buyerid buyer "
        "clientid visitorid openid open_id accountid 用户id 用户 用户编号 用户标识 客户id "
        "客户 客户编号 会员id 会员编号 会员 买家id 买家编号 买家 买家昵称 顾客id 粉丝id"
    ),
)
PLATFORM = Column(
    name="platform",
    type="text",
    label="Platform",
    aliases=("app", "channel", "source", "site", "平台", "渠道", "来源", "来源平台", "流量来源"),
)
ITEM = Column(
    name="item_id",
    type="id",
    label="Product",
    aliases=also(
        "item itemid productid product sku skuid goodsid stockcode 商品id 商品编号 商品 货号 商品编码 宝贝id 商品名称"
    ),
)
CATEGORY = Column(
    name="category",
    type="text",
    label="Product category",
    aliases=also("categoryid productcategory cat 类目 品类 商品类目 商品分类 分类 类别 品类名称"),
)
_REGION_ALIASES = also("province city country location state area 地区 省份 城市 地域 所在地 省")

EVENTS = Kind(
    name="events",
    label="Behaviour events",
    noun="behaviour event",
    help="One row for each thing a customer did: watched, liked, bought.",
    columns=(
        USER_ID,
        Column(
            name="ts",
            type="time",
            label="When",
            required=True,
            aliases=also(
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
            aliases=also(
                "event eventtype event_type behavior behaviour behaviortype behaviourtype type "
                "actiontype 行为 行为类型 事件 事件类型 动作 操作类型"
            ),
        ),
        ITEM,
        CATEGORY,
        PLATFORM,
        Column(
            name="seconds",
            type="number",
            label="Seconds watched",
            aliases=also(
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
            aliases=also("order orderno ordernumber invoiceno invoice 订单号 订单编号 订单id"),
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
            aliases=also("price value revenue sales total payment 金额 支付金额 付款金额 成交金额 消费金额"),
        ),
        Column(
            name="discount",
            type="money",
            label="Discount given",
            help="Money off this purchase.",
            aliases=also("discountamount coupon couponamount 优惠金额 折扣 优惠 折扣金额 优惠券金额"),
        ),
        Column(
            name="text",
            type="text",
            label="Comment text",
            aliases=also("comment commenttext content review 评论内容 评论 内容 评价 评价内容"),
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
    noun="order line",
    help="One row for each order line, with what was paid. Refunds are negative.",
    columns=(
        replace(
            USER_ID,
            required=False,
            help="Who bought. Without it orders count in revenue and in no customer's figures.",
        ),
        Column(
            name="ts",
            type="time",
            label="When it was ordered",
            required=True,
            aliases=also(
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
            aliases=also(
                "order orderno ordernumber invoiceno invoice invoicenumber transactionid 主订单编号 主订单号 "
                "父订单号 订单号 订单编号 订单id 交易号 交易编号 子订单编号"
            ),
        ),
        replace(ITEM, aliases=(*ITEM.aliases, "选购商品", "商品标题", "商品信息")),
        CATEGORY,
        PLATFORM,
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
            aliases=also(
                "total totalamount revenue sales paid payment paidamount ordertotal order_amount "
                "orderamount value 金额 支付金额 实付金额 付款金额 商品金额 订单金额 实付款 成交金额 "
                "消费金额"
            ),
        ),
        Column(
            name="paid_at",
            type="time",
            label="When it was paid",
            help="Orders without it are not paid and are left out.",
            aliases=also(
                "paidtime paytime paymenttime paymentdate 支付完成时间 付款时间 支付时间 付款完成时间"
            ),
        ),
        Column(
            name="status",
            type="text",
            label="Order status",
            help="Orders not paid, or cancelled, are left out.",
            aliases=also("orderstatus orderstate 订单状态 交易状态 状态"),
        ),
        Column(
            name="after_sale",
            type="text",
            label="After-sale status",
            help="Lines refunded in full count in no revenue.",
            aliases=also("aftersalestatus refundstatus returnstatus 售后状态 退款状态 售后 售后退款状态"),
        ),
        Column(
            name="discount",
            type="money",
            label="Discount given",
            help="Money off this line.",
            aliases=also("discountamount coupon couponamount 优惠金额 折扣 优惠 折扣金额 优惠券金额"),
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
    noun="customer record",
    help="One row for each customer, with what you know of them.",
    columns=(
        USER_ID,
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
        PLATFORM,
        Column(
            name="registered",
            type="time",
            label="Registered on",
            aliases=also(
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
