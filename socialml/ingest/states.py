"""What an order's states say of a line: not paid, cancelled, refunded in full, or a sale.

The words are those that Douyin, Taobao, JD and English shop systems write.
"""

from __future__ import annotations

import re

NOT_PAID, CANCELLED = "order not paid", "order cancelled"
_UNPAID = (
    "待付款 待支付 未付款 未支付 等待付款 等待买家付款 待买家付款 支付失败 unpaid awaitingpayment pendingpayment "
    "paymentpending paymentfailed waitingforpayment notpaid"
)
_CLOSED = (
    "已关闭 关闭 交易关闭 订单关闭 已取消 取消 交易取消 订单取消 已作废 cancelled canceled closed void voided"
)
# With these, no pay time is no sign of an unpaid order: it is paid at the door.
_DELIVERED = (
    "已完成 已发货 已签收 已收货 交易成功 交易完成 卖家已发货 部分发货 completed complete delivered shipped "
    "fulfilled"
)
_REFUNDED = (
    "退款成功 已退款 全额退款 已全额退款 退款完成 退货退款成功 已退货退款 退货成功 refunded fullyrefunded fullrefund "
    "returned refundsuccess refundcompleted"
)
_NO_REFUND = (
    "- -- 无 无售后 未发生售后 无退款 售后关闭 退款关闭 售后已关闭 售后已取消 售后取消 退款取消 已关闭 已取消 已撤销 "
    "退款失败 no none norefund notreturned normal 正常 n/a na null"
)


def unpaid(status: str | None, paid_at: str | None) -> str:
    """SQL: whether a line's order was never paid. status, paid_at: SQL of what is given, NULL where nothing is."""
    found = []
    if status:
        found.append(_is(status, _UNPAID))
    if paid_at:
        found.append(f"({paid_at} IS NULL" + (f" AND NOT {_is(status, _DELIVERED)})" if status else ")"))
    return " OR ".join(found)


def cancelled(status: str, after_sale: str | None) -> str:
    """SQL: whether an order was closed, other than by a refund in full, which is told as one."""
    return _is(status, _CLOSED) + (f" AND NOT {_is(after_sale, _REFUNDED)}" if after_sale else "")


def refunded(status: str | None, after_sale: str | None) -> str:
    """SQL: whether a line's whole amount went back to the buyer."""
    return " OR ".join(_is(state, _REFUNDED) for state in (status, after_sale) if state)


def unsettled(after_sale: str) -> str:
    """SQL: whether an after-sale state is given that is neither a refund in full nor none."""
    return (
        f"{after_sale} IS NOT NULL AND NOT {_is(after_sale, _REFUNDED)} AND NOT {_is(after_sale, _NO_REFUND)}"
    )


def _is(value: str, words: str) -> str:
    """SQL, never NULL: whether a value is one of the words, without regard to case, spaces, - and _ between."""
    pattern = "|".join(re.escape(word) for word in words.split())
    plain = f"lower({value})"
    joined = f"regexp_replace({plain}, '[ _-]', '', 'g')"
    return f"coalesce(regexp_full_match({plain}, '{pattern}') OR regexp_full_match({joined}, '{pattern}'), false)"
