"""Kinds of tables about campaigns: creators who can be booked, and what past bookings brought."""

from __future__ import annotations

from socialml.schema.columns import Column, Kind, also

_CREATOR_ID = Column(
    name="creator_id",
    type="id",
    label="Creator",
    required=True,
    help="Kept as text, so long numbers survive. Who is on two channels needs an id for each.",
    aliases=also(
        "creator kol kolid kolname influencer influencerid talent talentid 达人id 达人 达人编号 达人名称 达人昵称 "
        "kol编号 博主id 博主 博主昵称 红人id 红人 主播id 主播"
    ),
)

CREATORS = Kind(
    name="creators",
    label="Creators",
    noun="creator",
    help="One row for each creator (KOL) you can book.",
    columns=(
        _CREATOR_ID,
        Column(
            name="channel",
            type="text",
            label="Channel",
            required=True,
            help="Where they publish: WeChat, Weibo, Douyin, Kuaishou, Xiaohongshu, or another.",
            aliases=also("platform site media 渠道 平台 渠道平台 平台渠道 发布平台 所属平台 媒体平台"),
        ),
        Column(
            name="tier",
            type="text",
            label="Tier",
            help="head, mid or tail. Where it is missing, followers tell: 1,000,000 or more are head, 100,000 or more"
            " mid.",
            aliases=also("level koltier creatortier 层级 达人层级 达人级别 级别 等级 量级 达人量级"),
        ),
        Column(
            name="followers",
            type="integer",
            label="Followers",
            aliases=also("fans followercount fanscount followerscount 粉丝数 粉丝量 粉丝数量 粉丝"),
        ),
        Column(
            name="follower_quality",
            type="share",
            label="Follower quality",
            help="The share of followers who are real and active: 0.65 or 65%.",
            aliases=also(
                "quality fansquality audiencequality realfollowers 粉丝质量 粉丝质量分 活粉率 真粉率 有效粉丝占比"
            ),
        ),
        Column(
            name="interaction_rate",
            type="share",
            label="Interaction rate",
            help="Likes, comments and shares for each read: 0.05 or 5%.",
            usual=0.3,
            aliases=also("engagementrate engagement interactionrate interaction 互动率 平均互动率"),
        ),
        Column(
            name="content_type",
            type="text",
            label="Content",
            aliases=also("content format contentformat 内容形式 内容类型 内容 形式 合作形式"),
        ),
        Column(
            name="category",
            type="text",
            label="Category",
            aliases=also("productcategory vertical industry 类目 达人类目 品类 领域 垂类 行业 分类"),
        ),
        Column(
            name="price",
            type="money",
            label="Price of a booking",
            required=True,
            help="In the dataset's currency; 0 for one who costs nothing.",
            aliases=also("quote quotation fee cost 报价 价格 合作价格 刊例价 单价 费用"),
        ),
    ),
    one_of=(("tier",), ("followers",)),
)

PLACEMENTS = Kind(
    name="placements",
    label="Past bookings",
    noun="past booking",
    help="One row for each creator booked in a past campaign.",
    columns=(
        Column(
            name="campaign_id",
            type="id",
            label="Campaign",
            required=True,
            aliases=also(
                "campaign campaignname project projectid activity activityid 活动id 活动 活动编号 活动名称 项目id 项目 "
                "项目名称 投放id 战役"
            ),
        ),
        _CREATOR_ID,
        Column(
            name="phase",
            type="integer",
            label="Phase",
            required=True,
            help="A number: 1 is the first of the campaign.",
            aliases=also("stage wave round 阶段 投放阶段 期 期数 轮次 波次"),
        ),
        Column(
            name="ts",
            type="time",
            label="When",
            aliases=also("time date datetime publishedat 投放时间 发布时间 投放日期 发布日期 日期 时间"),
        ),
        Column(
            name="price",
            type="money",
            label="Price paid",
            required=True,
            help="For this booking, in the dataset's currency.",
            aliases=also("pricepaid paid cost fee spend 合作价格 价格 报价 费用 花费 投放金额 合作费用"),
        ),
        Column(
            name="reads",
            type="integer",
            label="Reads or plays",
            help="Until the end of the campaign.",
            aliases=also(
                "read views plays impressions exposure 阅读播放 播放阅读 阅读 播放 阅读量 播放量 阅读数 播放数 曝光 "
                "曝光量"
            ),
        ),
        Column(name="likes", type="integer", label="Likes", aliases=also("like liked 点赞 点赞数 点赞量")),
        Column(name="comments", type="integer", label="Comments", aliases=also("comment 评论 评论数 评论量")),
        Column(
            name="shares",
            type="integer",
            label="Shares",
            aliases=also("share forwards reposts forward 转发 转发数 转发量 分享 分享数"),
        ),
        Column(
            name="sales",
            type="money",
            label="Sales",
            help="What customers paid, in the dataset's currency.",
            aliases=also("gmv revenue amount 成交额 成交金额 销售额 带货金额 支付金额"),
        ),
        Column(
            name="later_reads",
            type="integer",
            label="Of the reads, those after the phase",
            help="Reads that came after the phase of this booking had ended: what lasts.",
            aliases=also(
                "laterreads longtailreads latereads 后续阅读 后续播放 长尾阅读 长尾播放 后续阅读播放"
            ),
        ),
    ),
    one_of=(("reads",), ("sales",), ("likes",)),
)
