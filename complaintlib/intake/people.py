"""Names after salutations and postal addresses, as well as rules of thumb can tell. No promise is made of finding all."""

import re
from collections.abc import Iterator

from .numbers import Span

_H = r"\u4e00-\u9fff"
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范"
    "汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷黎史龙陶贺顾毛郝龚邵万钱严武戴莫孔汤常温康施牛樊葛邢安齐易伍庞颜倪庄聂章鲁岳"
    "翟申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕季霍苗谷裴涂鲍卓蓝窦屈喻路芦娄饶褚项盛翁"
)
_COMPOUND = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|宇文"
_SURE = _SURNAMES.translate(
    dict.fromkeys(map(ord, "于任安常高方万金白路关"))
)  # those that are no common word too
_GIVEN = rf"(?:(?![的了是在我你他她请要有住于和与及说称已电手联来打去这那个们地])[{_H}])"
_WORDS = (
    "安排|安装|方便|任何|高兴|高中|常用|关于|关注|万能|金牌|易于|包括|严重|毕业|路过|温馨|成功|项目|施工|马上"
)

_ZH_NAME = re.compile(
    rf"(?P<titled>(?!{_WORDS})(?:{_COMPOUND}|[{_SURNAMES}])[{_H}]{{0,2}}?(?=先生|女士|小姐|太太))"
    rf"|(?:(?<![{_H}])|(?<=[找叫是的和跟向给请让由被与问对位]))"
    rf"(?P<staff>[{_SURNAMES}])(?=师傅|老师|经理|主任|主管|店长|队长|医生|律师|警官|阿姨|大爷|大姐|大哥)"
    rf"|(?:姓名|名字|联系人|收件人|收货人|寄件人|发件人|投诉人|举报人|当事人|经办人|签收人|乘客|旅客|患者|户主|车主|业主)"
    rf"(?:是|为|叫)?\s{{0,2}}[:：]\s{{0,2}}"
    rf"(?P<labelled>(?:{_COMPOUND}|[{_SURNAMES}])(?:{_GIVEN}{{1,2}}|(?![{_H}]))|[{_H}]{{2,4}}(?![{_H}])|[A-Z][a-z]+(?: [A-Z][a-z]+){{0,2}})"
    rf"|(?:我叫|名叫|我的名字[是叫]|姓名[是为叫])(?P<called>(?:{_COMPOUND}|[{_SURNAMES}])(?:{_GIVEN}{{1,2}}|(?![{_H}])))"
    rf"|(?:我是|本人|联系人|收件人|收货人|寄件人)(?P<self>(?!{_WORDS})(?:{_COMPOUND}|[{_SURE}]){_GIVEN}{{1,2}})(?=[，,。.；;：:、（(\s]|$|电话|手机)"
)
_WORD = r"[A-Z][a-z]+(?:['’-][A-Z]?[a-z]+)?"
_NOBODY = (
    r"(?!(?:Mrs?|Ms|Miss|Dr|Prof|Mx|Sirs?|Madam|Customers?|Team|Support|Service|Services|All|Managers?|Friends?|Valued|Colleagues?|Seller|Bank"
    r"|Company|Consumer|Department|Office|Care|The|This|We|You|Thank|Thanks|Please|It|My|Your|Our|In|On|To)\b)"
)
_EN_NAME = re.compile(
    rf"\b(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Mx)\.? {{1,2}}|Dear {{1,2}}(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Mx)\.? {{1,2}})?"
    rf"|[Mm]y name is {{1,2}}|[Nn]ame ?: {{0,2}}|[Rr]ecipient ?: {{0,2}}|[Cc]ontact ?: {{0,2}}"
    rf"|(?:[Rr]egards|[Ss]incerely|[Tt]hanks),\s{{1,3}})"
    rf"(?P<name>{_NOBODY}{_WORD}(?: [A-Z]\.)?(?: {_NOBODY}{_WORD}){{0,2}})"
    rf"|\b(?:I'm|I am|[Tt]his is) (?P<self>{_NOBODY}{_WORD} {_NOBODY}{_WORD})(?=[,.;]| from\b| and\b|$)"
)

_NUMERAL = "0-9一二三四五六七八九十百〇零"
_PLACE = "路|街|大道|道|巷|弄|胡同|村|小区|花园|公寓|大厦|广场|家园|新城"
_ZH_ADDRESS = re.compile(
    rf"(?<=[{_H}])(?:{_PLACE})[东西南北中]?段? ?"
    rf"(?:[{_NUMERAL}A-Za-z]{{1,6}}(?:-[{_NUMERAL}]{{1,4}})? ?(?:号楼?|弄|栋|幢|座|单元|楼|层|室|户)(?!线)[院 ]?){{1,5}}"
    rf"(?:[{_NUMERAL}]{{3,6}}(?![{_NUMERAL}元件个天年月小次公]))?"
)
_BEFORE_ADDRESS = re.compile(
    r"地址|住址|住在|家住|位于|寄[到往给]|送[到往给]|发[到往]|搬到|[在到是从去往为]|[^\u4e00-\u9fff0-9A-Za-z]"
)
_STREET = (
    r"[0-9]{1,5}[A-Z]? (?:[A-Z][a-z]+|[0-9]{1,3}(?:st|nd|rd|th)|[NSEW]\.?)(?: [A-Z][a-z]+){0,3}"
    r" (?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Terrace|Close|Square)\b"
)
_POSTCODE = "[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][ABD-HJLNP-UW-Z]{2}"
_EN_ADDRESS = re.compile(
    rf"(?<![0-9A-Za-z$£€.,-]){_STREET}\.?"
    r"(?:,? (?:Apt|Apartment|Unit|Suite|Flat|#)\.? ?[0-9A-Z]{1,5})?"
    rf"|(?<![0-9A-Za-z]){_POSTCODE}(?![0-9A-Za-z])"
)


# What a text must have for the finders to be tried on it, in the syntax common to `re` and RE2; in ASCII, and beyond.
ZH_NAME_HINT = (
    "先生|女士|小姐|太太|师傅|老师|经理|主任|主管|店长|队长|医生|律师|警官|阿姨|大爷|大姐|大哥"
    "|姓名|名字|名叫|联系人|收件人|收货人|寄件人|发件人|投诉人|举报人|当事人|经办人|签收人|乘客|旅客|患者|户主|车主|业主"
    "|我叫|我是|本人"
)
EN_NAME_HINT = (
    "M[rsx]|Miss|Dr|Prof|Dear|name|Name|ecipient|ontact|egards,|incerely,|hanks,|I'm |I am |his is "
)
ZH_ADDRESS_HINT = f"(?:{_PLACE})[东西南北中]?段?[ 　]?[{_NUMERAL}０-９A-Za-z]"
EN_ADDRESS_HINT = f"{_STREET}|{_POSTCODE}"


def find_names(text: str) -> Iterator[Span]:
    for pattern in (_EN_NAME,) if text.isascii() else (_ZH_NAME, _EN_NAME):
        for found in pattern.finditer(text):
            yield *found.span(found.lastgroup), "name"


def find_addresses(text: str) -> Iterator[Span]:
    """From where the words before it end (or 24 characters back) to the room number."""
    for found in _ZH_ADDRESS.finditer(text):
        start = max(0, found.start() - 24)
        before = text[start : found.start()]
        start += max((stop.end() for stop in _BEFORE_ADDRESS.finditer(before)), default=0)
        if start < found.start():
            yield start, found.end(), "address"
    for found in _EN_ADDRESS.finditer(text):
        yield *found.span(), "address"
