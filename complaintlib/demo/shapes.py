"""How each of the company's five systems writes: headers, words, times, flags."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """How a source writes: canonical column -> header, language of its labels, form of its times and flags."""

    headers: dict[str, str]
    lang: str  # "zh", "en" or "" (codes in capitals)
    times: str
    flags: tuple[str, str]
    impossible: tuple[str, ...]
    total: str = ""
    older: dict[str, str] | None = None  # headers until 2024
    says: dict[str, dict[str, str]] | None = None  # words of its own
    slash: str = "/0"  # what "/0" in a time becomes: days and months without a leading zero


def _headers(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


ISO_WRONG = ("2025-02-30 10:00:00", "0000-00-00 00:00:00", "2062-03-01 09:00:00", "2025-13-01 08:30:00")
SHAPES = {
    "hotline": Shape(
        _headers(
            "complaint_id=投诉编号 received_at=来电时间 product=业务类型 reason=投诉原因 subreason=投诉子类 severity=等级 "
            "customer_id=客户编号 segment=客户类型 region=大区 city=城市 order_id=订单号 text=投诉内容 demand=客户诉求 "
            "agent_id=坐席工号 department=责任部门 valid=是否成立 first_response_at=首次响应时间 resolved_at=解决时间 "
            "closed_at=结案时间 status=状态 outcome=处理结果 compensation=赔付金额（元） reopened=重开 escalated=升级 "
            "transferred=转派 phone=来电号码"
        ),
        "zh",
        "%Y-%m-%d %H:%M:%S",
        ("是", "否"),
        ISO_WRONG,
        "合计",
        _headers(
            "complaint_id=工单编号 received_at=受理时间 product=产品 reason=投诉类别 severity=紧急程度 agent_id=受理员工号"
        ),
        {
            "reason": {"late_delivery": "派件延误", "refund_slow": "退款延迟"},
            "product": {"pickup_point": "驿站"},
        },
    ),
    "web_chat": Shape(
        _headers(
            "complaint_id=会话单号 received_at=创建时间 product=产品线 reason=问题分类 subreason=问题细分 severity=优先级 "
            "customer_id=客户ID segment=会员等级 region=区域 city=所在城市 order_id=关联订单 text=对话摘要 agent_id=客服工号 "
            "department=处理部门 valid=投诉成立 first_response_at=首次回复时间 resolved_at=解决时间 closed_at=关闭时间 "
            "status=工单状态 outcome=解决方案 compensation=补偿金额 reopened=是否重开 escalated=是否升级 transferred=是否转派"
        ),
        "zh",
        "%Y-%m-%d %H:%M:%S",
        ("是", "否"),
        ISO_WRONG,
        "总计",
    ),
    "app": Shape(
        _headers(
            "complaint_id=ticketId received_at=createdAt product=productLine reason=issueType subreason=issueDetail "
            "severity=priority customer_id=userId segment=userSegment region=region city=city order_id=orderNo "
            "text=description agent_id=handlerId department=team valid=upheld first_response_at=firstReplyAt "
            "resolved_at=resolvedAt closed_at=closedAt status=status outcome=resolution compensation=compensation "
            "reopened=reopened escalated=escalated"
        ),
        "",
        "%Y-%m-%dT%H:%M:%S+00:00",
        ("true", "false"),
        ("2025-02-30T10:00:00+00:00", "0000-00-00T00:00:00+00:00", "9999-12-31T23:59:59+00:00"),
    ),
    "email": Shape(
        _headers(
            "complaint_id=Case|no. received_at=Date|received product=Product reason=Complaint|reason severity=Priority "
            "customer_id=Customer|no. segment=Customer|type region=Region city=City order_id=Order|no. text=Message "
            "agent_id=Handled|by department=Department valid=Upheld first_response_at=First|response "
            "resolved_at=Date|resolved closed_at=Date|closed status=Status outcome=Outcome "
            "compensation=Compensation|(CNY) reopened=Reopened escalated=Escalated"
        ),
        "en",
        "%d/%m/%Y %H:%M",
        ("Y", "N"),
        ("30/02/2025 10:00", "00/00/0000 00:00", "01/03/2062 09:00", "31/04/2026 12:15"),
        "Total",
    ),
    "social_media": Shape(
        _headers(
            "complaint_id=帖子编号 received_at=发布时间 product=涉及产品 reason=主题 severity=级别 customer_id=客户编号 region=地区 "
            "city=城市 order_id=订单号 text=正文 agent_id=跟进人 department=部门 first_response_at=首次回应 "
            "resolved_at=解决时间 closed_at=结案时间 status=状态 outcome=结果 escalated=升级"
        ),
        "zh",
        "%Y/%m/%d %H:%M:%S",
        ("1", "0"),
        ("2025/2/30 10:00:00", "0000/0/0 00:00:00", "2062/3/1 09:00:00"),
        slash="/",
    ),
}
