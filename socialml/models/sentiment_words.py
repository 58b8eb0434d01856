"""Small lists beside the lexicon of Chinese: what turns and scales a word, what asks, and what the lexicon lacks."""

from __future__ import annotations


def _listed(words: str) -> list[str]:
    return words.split()


NEGATIONS = frozenset(
    _listed(
        "不 没 没有 无 非 别 未 未必 不是 不会 不要 并非 毫无 不太 不够 不怎么 不算 从未 从不 没什么 并不 不能 不大"
        " 没法 不如 难以 没啥 不到 不可 不想 不敢"
    )
)
DEGREES = dict.fromkeys(
    _listed("很 非常 特别 超级 超 太 极 极其 十分 真 真的 相当 最 巨 好 真心 实在 老"), 1.5
) | dict.fromkeys(_listed("有点 稍微 比较 略 有些 一点 还 还算 一般"), 0.6)
FEELING_TOO = frozenset(
    _listed("好 一般 真心 实在")
)  # of DEGREES: they scale what follows and count themselves
# What is asked in a live room is no praise and no complaint; the lexicon counts most of these words as sad ones.
ASKED = frozenset(
    _listed("多少 多少钱 钱 什么 什么时候 时候 几点 几号 有没有 请问 求 链接 吗 呢 怎么 发货 还有 货")
)
# Words of live rooms and reviews that the lexicon lacks or knows in an older sense, with the valence of words like
# them. Written down before any labelled comment was looked at,
# but for 偏小, 偏大, 偏贵.
SLANG: dict[str, float] = dict.fromkeys(
    _listed(
        "yyds YYDS 绝绝子 种草 神仙 宝藏 真香 爱了 回购 无限回购 闭眼入 性价比高 上头 惊艳 给力 良心 冲冲冲 必入"
        " 香疯了 666"
    ),
    3.0,
) | dict.fromkeys(
    _listed(
        "踩雷 避雷 智商税 翻车 拔草 劝退 割韭菜 大冤种 坑爹 坑人 假货 山寨 辣鸡 拉胯 货不对板 色差 起球 掉色 后悔"
        " 上当 服了 醉了 吐槽 差评 退货 退款 偏小 偏大 偏贵"
    ),
    -3.0,
)
# Emojis whose description says nothing to VADER ('thumbs up', 'pouting face').
EMOJIS: dict[str, float] = dict.fromkeys("👍👏🌹❤💯🔥🎉💪✨🙏", 2.0) | dict.fromkeys(
    "👎😡😠🤮🤢💔😤🙄💩😒", -3.0
)
