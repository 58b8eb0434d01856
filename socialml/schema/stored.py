"""How rows are stored, and the words for actions."""

from __future__ import annotations

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

# Words for the tiers of creators.
TIER_WORDS: dict[str, str] = {
    word: tier
    for tier, words in {
        "head": "head top mega celebrity 头部 头部达人 头部kol 明星 超头 超头部",
        "mid": "mid middle macro waist 腰部 腰部达人 腰部kol 中腰部 肩部 中部",
        "tail": "tail long-tail longtail micro nano koc 尾部 尾部达人 尾部kol 长尾 底部 素人 初级",
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
IMPRESSION_COLUMNS: tuple[tuple[str, str], ...] = (
    ("import_id", "INTEGER"),
    ("user_id", "VARCHAR"),
    ("ts_utc", "TIMESTAMP"),
    ("ts_local", "TIMESTAMP"),
    ("platform", "VARCHAR"),
    ("category", "VARCHAR"),
    ("offer", "VARCHAR"),  # null: none
    ("propensity", "DOUBLE"),
    ("seconds", "DOUBLE"),
    ("likes", "BIGINT"),
    ("comments", "BIGINT"),
    ("shares", "BIGINT"),
    ("purchases", "BIGINT"),
    ("amount", "DECIMAL(18,4)"),
    ("returned", "BIGINT"),  # 1: came back within 7 days
    ("satisfaction", "BIGINT"),
)
CREATOR_COLUMNS: tuple[tuple[str, str], ...] = (
    ("import_id", "INTEGER"),
    ("creator_id", "VARCHAR"),
    ("channel", "VARCHAR"),
    ("tier", "VARCHAR"),  # 'head', 'mid' or 'tail'; null: by followers
    ("followers", "BIGINT"),
    ("follower_quality", "DOUBLE"),
    ("interaction_rate", "DOUBLE"),
    ("content_type", "VARCHAR"),
    ("category", "VARCHAR"),
    ("price", "DECIMAL(18,4)"),
)
PLACEMENT_COLUMNS: tuple[tuple[str, str], ...] = (
    ("import_id", "INTEGER"),
    ("campaign_id", "VARCHAR"),
    ("creator_id", "VARCHAR"),
    ("phase", "BIGINT"),  # from 1
    ("ts_utc", "TIMESTAMP"),
    ("ts_local", "TIMESTAMP"),
    ("price", "DECIMAL(18,4)"),
    ("reads", "BIGINT"),
    ("likes", "BIGINT"),
    ("comments", "BIGINT"),
    ("shares", "BIGINT"),
    ("sales", "DECIMAL(18,4)"),
    ("later_reads", "BIGINT"),
)
