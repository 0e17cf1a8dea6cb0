"""What a text must hold for `mask` to find anything in it: patterns by which the engine passes over most texts.

In the syntax of RE2, and in two parts, each small enough to be matched in one pass over the bytes. They may hit texts in
which there is nothing; they must not miss one in which there is. Wide characters stand for the ASCII ones that `mask`
reads them as.
"""

from .people import EN_ADDRESS_HINT, ZH_ADDRESS_HINT, ZH_NAME_HINT

DIGIT = "0-9０-９⓪①-⑨\U0001d7ce-\U0001d7ff"
SPOKEN = "〇零○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤川青藏琼宁"
_D = f"[{DIGIT}]"
_L, _U = "[A-Za-zＡ-Ｚａ-ｚ]", "[A-ZＡ-Ｚ]"
_G = f"[^A-Za-zＡ-Ｚａ-ｚ{DIGIT}]"  # what stands between words and numbers
_HEX = "[0-9A-Fa-f]"
_KEYS = (  # what numbers.py takes for the name of a number
    "订单|运单|快递|物流|包裹|工单|交易|流水|单号|编号|电话|手机|座机|固话|传真|护照|通行证|账号|账户|帐号|卡号|微信"
    "|order|tracking|waybill|invoice|parcel|reference|confirmation|transaction|phone|tel|mobile|cell|fax|call me at"
    "|call me on|passport|ssn|social security|qq|wechat|account|acct"
)
NUMBERS = "|".join((
    f"{_D}(?:{_G}{{0,3}}{_D}){{7}}",  # eight digits in groups
    f"{_D}(?:{_L}*{_D}){{5}}",  # six in a word
    f"[{DIGIT}{SPOKEN}](?:[^{DIGIT}{SPOKEN}]{{0,2}}[{DIGIT}{SPOKEN}]){{10}}",
    f"{_HEX}{{8}}{_G}{_HEX}{{4}}{_G}{_HEX}{{4}}",
    f"(?i:{_KEYS})(?:{_G}|(?i:no|number|id|is))*(?:{_L}{{1,6}}-)?{_L}{{0,24}}{_D}(?:[^{DIGIT}]{{0,13}}{_D}){{3}}",
))  # fmt: skip
_NAMES = (
    ZH_NAME_HINT,
    f"(?:M[rsx]|Mrs|Miss|Dr|Prof|Dear|y name is){_G}{{1,3}}{_U}",
    f"(?:[Nn]ame|ecipient|ontact){_G}{{1,4}}{_U}",
    f"(?:egards|incerely|hanks)[,，]{_G}{{1,3}}{_U}",
    f"(?:I.m|I.am|his.is){_G}{_U}[a-z'’A-Z-]+{_G}{_U}",
)
_EMAILS = (
    "[@＠﹫]",
    r"[(\[{【（［｛] ?[aAａＡ][tTｔＴ] ?[)\]}】）］｝]",
    f"{_G}[aA][tT]{_G}[^ 　]{{1,63}}{_G}[dD][oO][tT]{_G}",
)
_URLS = ("[:：][/／][/／]", "[wWｗ][wWｗ][wWｗ][.．]")
_PLATES = (f"[{PROVINCE}][^0-9A-Za-zＡ-Ｚａ-ｚ]?{_L}",)
_ADDRESSES = (ZH_ADDRESS_HINT, EN_ADDRESS_HINT.replace(" ", r"\s"))
OTHERS = "|".join((*_NAMES, *_EMAILS, *_URLS, *_PLATES, *_ADDRESSES, "[Ａ-Ｚａ-ｚ]"))
