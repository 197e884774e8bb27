"""Numbers of people in free text: which run of digits is a phone, a card, an identity or an account, and which is not.

Digits may be spaced, dashed or spelled in Chinese numerals; how they are grouped, what stands before them and their own
check digits tell what they are. Numbers of orders, goods and parcels stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import accumulate, pairwise
from typing import NamedTuple

PHONE, LANDLINE, IDENTITY, CARD, ACCOUNT = "手机号", "电话", "证件号", "银行卡", "账号"

_HAN_NUMERALS = "〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖○両两洞拐勾貳參陸"
AS_DIGITS = str.maketrans(_HAN_NUMERALS, "001234567891123456789022079236")
_GAP = r"[ \t\r\n.\-‐‑–—−_~·•・∙*'\"“”(),、/\\|+=<>…【】「」\[\]{}#♥❤★☆]"
_RUN = re.compile(rf"\d(?:{_GAP}{{0,4}}\d)+")
_GROUP = re.compile(rf"[0-9]+|[{_HAN_NUMERALS}]+")

# numbers that look like those of people and are none: ids of platforms, dates, times, dimensions, service lines
_NOT_OF_PEOPLE = re.compile(
    r"(?<!\d)(?:\d{6}-\d{15}|\d{3}-\d{7}-\d{7}|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T]\d{1,2}:\d\d(?::\d\d)?)?"
    r"|(?:\+?1[- .(]{1,2})?(?:800|888|877|866|855|844|833)[). -]{1,2}\d{3}[- .]\d{4}|(?:1[38]00|0[38]00|0845|0870)[ -]\d{3}[ -]?\d{3,4}|(?:1800|0800)\d{6}"
    r"|95\d{3}(?!\s?\d)|(?:400|800)[- ]?(?:\d{3}[- ]?\d{4}|\d{4}[- ]?\d{3}|\d{7})|1(?:00|06)\d{2,3}|\d{1,2}:\d\d(?::\d\d)?|(?<=[Qq])[1-4][ \-/.]?(?:19|20)\d\d"
    r"|(?!\d{3}\s?[*×]\s?\d{4}\s?[*×]\s?\d{4})\d{2,4}\s?(?P<by>[*×])\s?\d{2,4}\s?(?P=by)\s?\d{2,4}(?!\s?[*×]))(?!\d)"
)
# a mobile number is written in up to three parts, or in one of these
_MOBILE_SHAPES = frozenset(
    {(3, 2, 2, 2, 2), (3, 2, 2, 4), (3, 3, 3, 2), (3, 4, 2, 2), (2, 3, 3, 3), (3, 2, 3, 3), (2, 2, 2, 2, 2, 1),
     (1, 2, 2, 2, 2, 2), (3, 1, 3, 4), (3, 4, 1, 3), (3, 4, 3, 1), (2, 2, 2, 2, 3), (3, 2, 2, 2, 1, 1), (3, 2, 4, 2),
     (1, 3, 3, 4), (2, 2, 3, 4)}
)  # fmt: skip
_PROVINCES = {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81,
              82, 83}  # fmt: skip

_FILL = (
    r"(?:得唔得|可以吗|行吗|吧|哈|啊|\?|号码|号|码|是|为|叫|的|我|在|联系|直接|打|给|请|加|搜|就是|就|这个|我的|你们?|可以|即可|或者?|和|改成|改为|换成|收件人|本人|"
    r"mình|dulu|aja|ya|nha|番号|번호|는|은|나의|नंबर|का|है|เลข|หมายเลข|คือ|ของ(?:ฉัน|ผม)|โทร(?:ศัพท์)?|ศัพท์|มือถือ|"
    r"[\s:=(（\[【\"'“”,.、/\-—_#→>]|\b(?:n[oº°]|number|n[úu]mero|nummer|num|nr|номер|numer|id|is|are|was|on|at|from|me|my|to|the|or|us|please|a|"
    r"es|el|la|lo|[ée]|est|ist|le|il|al|au|de(?: contato)?|là|của tôi|saya|hai|karo|karna|only|jest|это|bca|card)\b\.?)"
)
_OWN = (
    r"(?:防伪码?|防伪查询码?|helpline|hotline|toll[\- ]?free|客服热线|服务热线|全国热线|заказ\w*|отслеживани\w*|отправлени\w*|трек\w*|артикул\w*|주문|송장|운송장|상품|注文|追跡|ऑर्डर|คำสั่งซื้อ|พัสดุ|الطلب|الشحن)|"
    r"\b(?:pedido|encomenda|seguimiento|rastre\w+|bestell\w*|sendung\w*|artikel\w*|rechnung\w*|commande|suivi|facture|factura|ordine|ordinazione|spedizione|pesanan|resi|đơn hàng|vận đơn|"
    r"sipariş|zam[óo]wieni\w*|przesyłk\w*|order(?:nummer)?)\b|"
    r"(?:发票(?:代码|号码)|纳税(?:人)?(?:识别)?号|税号|信用代码|邮编|邮政编码|海关编码|专利号|许可证(?:编?号)?|取件码|提货码|验证码|备案号|文号|车架号|快照号|房源号)|(?:订单|运单|快递单|物流单|面单|退货单|售后单|交易单|工单|单|货|款|批|批次|流水|交易|退款|案件|投诉|发票|税|店铺|商品|宝贝|设备|序列|产品|备件)"
    r"(?:编)?(?:号码|号|编码|id)|(?:订单|运单|条形?码|编号|型号|货号|款式|商品|宝贝|序列号|串号|imei|快递单|物流单|包裹|(?<!评)价格?|尺寸|规格|数量)"
    r"|\b(?:brt|dhl|gls|sda|tnt|dpd|ups|usps|fedex|evri|seur|correos|colissimo|chronopost|postnl|bpost|inpost|jne|sicepat|anteraja|lbc|ninja ?van|delhivery|xpressbees|sku|spu|ean|upc|isbn|item|order|orders|tracking|waybill|awb|invoice|batch|barcode|model|serial|sn|s/n|"
    r"ref(?!und|us|er)|reference|case|ticket|po(?![a-z])|rma|parcel|package|shipment|asin|lot|stock|dispute|claim|complaint|request|transaction|part|style|page|version|policy|flight|gate)"
)
_CUES = {
    "own": _OWN,
    "phone": r"(?:\[姓名\]|festnetz|fps|pay ?now|prompt ?pay|duit ?now|手提(?!袋|箱|包)|市话|转数快|小灵通|虚拟号|隐私号|电话|手机|手鸡|座机|宅电|固话|联系方式|联络|联系|号码|致电|拨打|来电|回电|打|呼|短信|机主|tel(?![eé][a-zé])|☎|📞|📱|☏|✆"
    r"|打给|拨|[我他她的新老]号(?:码)?|\b(?:my|his|her|new|mon|meine?|mi|meu|uk|us|aussie|indian|german|sg|hk|singapore|malaysian?|thai|contact|alternate|alt|other) (?:number|nummer|n[uú]m[ée]ro|no\.?|#)|\b(?:anrufen(?: unter)?|rufnummer|telefoo?n\w*|handy\w*|t[ée]l[ée]phone|t[ée]l\b|tel[ée]fono|portable|m[óo]vil|celular|cellulare|appele[rz]|ll[áa]m\w+|chiama\w*|bel(?:len)?|whats\s?app|reachable|mijn nummer|m[óo]j numer|mera (?:number|phone|mobile|no)|nr tel\w*|numer(?: telefonu)?|cel\b|zap(?:zap)?\b|singapore|hong kong|telem[óo]vel|phn|call(?:s|ed|er|ing)\b)|\b(?:delivery (?:boy|man|guy)|driver|courier|rider|customer|buyer|seller)(?:['’]s)? (?:number|no)|(?<![a-z])(?:phone|mobile|cell(?!s|o|u)|(?<![a-z])hp|nomor|wa|s[dđ]t|đi[ệe]n tho[ạa]i|携帯(?:は)?|เบอร์|โทร|전화|연락처|폰|फोन|फ़ोन|मोबाइल|नंबर|мой номер|тел(?:ефон)?\b|звон\w+|мобильн\w+|моб|сотов\w+|в[ао]т[сц]ап|вайбер|هاتفي?|جوال|رقمي|טלפון|נייד|số điện thoại|gọi|lautet|signal|viber|zalo|paytm|gpay|phonepe|cp|dh|cellphone|telephone|call|text|sms|whatsapp|contact|ring|dial|reach|mob|ph|fax))",
    "identity": r"(?:身份?[份分]证|军官证|士兵证|学生证|医保卡?|存折|मेरा आधार|आधार|паспорт|снилс|инн|номер документа|주민(?:등록)?번호|여권|マイナンバー|บัตรประชาชน|aadha?a?r|adha?ar|[一二]代证|旧证|老身份证|身份证件?|证件|身份号码|身份信息|sfz|护照|通行证|居住证|驾驶证|驾照|社保卡?|ssn|social security|aadhaar|"
    r"\b(?:(?:ktp|nik|cnic|bvn|tfn|bsn|pesel|cccd|cmnd|rg|rut|run|cpr|ppsn?|dl|tc(?= no)|tc kimlik|sin|tax file|voter|kimlik|nhs|medicare|c[ée]dula|dui|inn|snils|s[ée]curit[ée] sociale|sozialversicherung\w*|krankenversicher\w*|personnummer|codice fiscale)\b|passport|identity|identification|national id|id card|id no|id number))",
    "card": r"(?:银行卡|卡号|储蓄卡|信用卡|借记卡|收款账[号户]|银行账[号户]|账[号户]|帐[号户]|对公账户|开户行|[支分]行|clabe|[工建农中招交]行卡?|邮储|浦发|民生|"
    r"中信|光大|兴业|平安银行|[工建农中招交邮]商?银行|转账到?|打款到?|退到卡|iban|계좌|口座|บัญชี|рассчетн\w+|на карту|номер карты|\b(?:rekening|norek|stk|cuenta|conta|compte|konto\w*|tarjeta|cart[ãa]o|carte bancaire|karte)\b|\b(?:card|debit|credit|visa|mastercard|bank|account|acct?|a/c))",
    "account": r"(?:微信|薇信|威信|徽信|维信|葳信|微\s?x|v信|微❤|v❤|[加+]\s?[v薇微威]|(?<![a-z])(?<!单号)(?<!单号[ :])(?:[wv][xv]|weixin|wechat|q{1,2}|扣扣)|企鹅号?|球球|秋秋|🐧|[扣抠叩]+q?|绿(?:色)?泡泡?|卫星|[微薇威徽维葳巍溦]\s?(?:信|芯|心)|"
    r"支[付附]宝|蔻蔻|口口|丘丘|旺旺|淘宝号|抖音号?|小红[书薯]号?|(?<![a-z])xhs|快手|飞信|钉钉|telegram|facebook|instagram|\bline|zalo|viber|paytm|gpay|phonepe|venmo|whats\s?app|\bpix|skype|alipay|paypal|加我|群号|加群)",
}
# compared with lower case: a search that ignores case tries every word at every place
_CUE = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _CUES.items()))
_BETWEEN_CUE_AND_NUMBER = re.compile(rf"{_FILL}{{0,8}}", re.IGNORECASE)
_PAUSE = re.compile(r"[,;:。!?]")
_CLAUSE_ENDS = re.compile(r"[。!?;\n]")
_LAST_FOUR = re.compile(
    r"(?:尾号|[后末]尾?[四六4-8][位个]数?字?|最后[四4][位个]数?字?|末尾|(?:last (?:four|4)|ending|ends)(?: digits)?(?: in| with)?(?: (?:of|on) (?:my |the )?(?:phone|mobile|cell|card|number|tel)(?: (?:number|no\.?))?)?)\W{0,2}(?:是|为|is|are)?\s?$",
    re.IGNORECASE,
)
_OF_GOODS = re.compile(
    r"(?:订单|运单|单号|快递|物流|包裹|条码|货号|发票|序列|取件码|验证码|批号|型号|车架|编号|交易|流水|券|礼品|order|tracking|invoice|serial|item|sku|ref\w*|parcel|ticket|case)"
    r"[^,。;!?，]{0,8}(?:尾号|后[四六4-8]位|最后[四4]位|(?:last (?:four|4)|ending|ends)(?: digits)?(?: in| with)?)\W{0,2}(?:是|为|is|are)?\s?$",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r"\s?(?:转|分机|ext\.?|x|-(?=\d{3,4}(?![\d-])))\s?:?\d{1,6}", re.IGNORECASE)
_PLUS = re.compile(r"(?<!\d)(?<!\d\s)(?<!\d\()\+[\s(]{0,3}$")
_IN_A_CODE = re.compile(r"(?<![A-Za-z0-9])[0-9]{1,3}[A-Z]{1,3}$")
_CHECK_X = re.compile(r"[\s\-.]{0,2}[xX×](?![A-Za-z0-9])")


_DIGIT_WORD = (
    r"(?:zero|oh|o|one|two|three|four|five|six|seven|eight|nine|double|triple|null|eins|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun|"
    r"zéro|un|deux|trois|quatre|cinq|sept|huit|neuf|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve)"
)
_PINYIN_DIGIT = r"(?:ling|dong|yao|yi|er|liang|san|si|wu|liu|qi|guai|ba|jiu|gou)"
_MIXED = rf"(?:{_DIGIT_WORD}|\d{{1,4}})"
_APART = r"[\s,.\-]{1,3}"
_JOIN = "(?:然后|接着|后面|后边|再|加|跟着|横杠|杠|横线|空格?|点|中间|逗号)"
_BETWEEN = rf"(?:{_JOIN}|是|\s|[\-.,、*~_/|…+♥❤★☆()😊👉]){{0,5}}"
_LIKE = r"[\dOoIl|ZzSsBbEgq]"
# phones that no cue and no grouping of digits tells; compared where Chinese numerals have become digits
DISGUISED = tuple(
    re.compile(p, re.IGNORECASE)
    for p in (
        # letters that look like digits
        r"(?<![A-Za-z0-9])(?-i:[1lI|](?=[\d \-]{0,12}[oOlI|])(?=(?:[oOlI| \-]{0,6}\d){4})[ \-]?[3-9](?:[ \-]?[\doOlI|]){9})(?![A-Za-z0-9])",
        r"(?<![A-Za-z0-9])(?-i:[lI|])[3-9](?:[ \-]?\d){9}(?![A-Za-z0-9])",
        rf"(?:电话|手机|手鸡|号码?|联系|tel|dh|sj|phone|mobile|call|打)[\s:是]{{0,3}}(?P<s>(?-i:[1lI|](?=[\d \-]{{0,13}}[A-Za-z|])(?=(?:\D{{0,6}}\d){{6}})(?:[ \-]?{_LIKE}){{10}}))(?![A-Za-z0-9])",
        r"(?<![A-Za-z0-9])(?-i:[lI|]\d{2}(?P<g>[ \-])[\dE]{4}(?P=g)\d{4})(?!\d)",
        r"(?<![A-Za-z0-9])(?-i:1(?=\d{3,9}[SBZ])[3-9][\dSBZ]{8}[\dSBZ])(?![A-Za-z0-9])",
        r"(?<!什)(?<!怎)[么妖腰ㄧ丨](?=[3-9])(?:[ \-.]?\d){10}(?!\d)",
        # digits in words, some perhaps in figures: three words at least, and seven digits
        rf"\b(?=(?:\d{{1,4}}{_APART}){{0,3}}(?:{_DIGIT_WORD}{_APART}){{3}})(?:{_MIXED}{_APART}){{6,24}}{_MIXED}\b",
        rf"\b(?:{_DIGIT_WORD}{_APART}){{3,12}}\d{{2,4}}(?:{_APART}\d{{3,4}})?\b|\b\d{{3,4}}{_APART}(?:\d{{3,4}}{_APART})?(?:{_DIGIT_WORD}{_APART}){{3,12}}{_DIGIT_WORD}\b",
        rf"\b(?:{_PINYIN_DIGIT}[\s,\-]{{1,3}}){{9,24}}{_PINYIN_DIGIT}\b",
        rf"\b{_DIGIT_WORD}{{3}}{_APART}(?:{_MIXED}{_APART}){{2,8}}{_MIXED}\b",
        # words, letters or signs between its parts
        rf"(?<!\d)(?=[\d\W]{{1,20}}{_JOIN})1{_BETWEEN}[3-9](?:{_BETWEEN}\d){{9}}(?!\d)",
        r"(?<!\d)1[3-9]\d(?![元块件个年月日号码分米克])(?:[a-wyz\u4e00-\u9fff]{1,2}|\([\u4e00-\u9fff]{1,2}\))\d{4}(?![元块件个年月日号码分米克])(?:[a-wyz\u4e00-\u9fff]{1,2}|\([\u4e00-\u9fff]{1,2}\))\d{4}(?!\d)",
        r"(?<!\d)1[3-9]\d(?P<j>[^\d元块件个年月日号码分米克角斤寸天xX×*,/]{1,5})\d{4}(?P=j)\d{4}(?!\d)",
        r"(?:中间|后面|最后|前面)(?:[四4]个?[位个]?|位)?(?:数字?)?[是为:\s]{0,2}(?P<s>\d{4})(?![\d元块件个天年月号])",
        r"(?:前3[位个]?|开头)(?:数字?)?[是为:\s]{0,2}(?P<s>1[3-9]\d)(?!\d)",
        r"(?:固话|座机|宅电)[^\d\n]{0,10}(?P<s>[2-8]\d{6,7})(?!\d)",
        # a country's code without a plus
        r"(?<!\d)\(?(?:00)?85[23]\)?[\s\-]?(?<=[\s\-)])[2-9]\d{3}[\s\-]?\d{4}(?!\d)",
        r"(?<!\d)00[1-9]\d{0,2}[\s\-]\d(?:[\s\-]?\d){6,10}(?!\d)",
    )
)  # fmt: skip
_AFTER = re.compile(
    r"\s?(?:是?我家?的?(?:座机|宅电|电话)|whatsapp|zalo|call$|(?:pls |please )?(?:call|text) me|(?:is )?my bkash|是?我的?(?:电话|手机|号)|打这个|找我|联系我|(?:is )?my (?:(?:sg|hk|uk|us|new|old|indian|thai|other) )?(?:no|number|cell|mobile|phone)|로|です|收货电话|这?是?(?:手机|电话))",
    re.IGNORECASE,
)

# what must be found in a text, with Chinese numerals as digits, for numbers to be looked for in it
SOME_NUMBER = (
    re.compile(rf"\d(?:{_GAP}{{0,4}}\d){{6}}"),
    re.compile(rf"(?:{_CUES['account']}){_FILL}{{0,8}}\d(?:{_GAP}{{0,4}}\d){{4}}", re.IGNORECASE),
    re.compile(
        r"(?:尾号|末尾|[后末]尾?[四六4-8][位个]|最后|(?:last (?:four|4)|ending|ends)).{0,12}\d{4}", re.IGNORECASE
    ),
)


class Span(NamedTuple):
    """A part of a text that is to be masked, and what stands in its place."""

    start: int
    end: int
    label: str


def number_spans(text: str, digits: str) -> Iterator[Span]:
    """The numbers of people in a text in one spelling; ``digits`` is the text with Chinese numerals as digits."""
    fixed = [m.span() for m in _NOT_OF_PEOPLE.finditer(text)]
    lower = text.lower()
    cues = [(m.end(), m.lastgroup or "") for m in _CUE.finditer(lower if len(lower) == len(text) else text)]
    near = 0
    for run in _RUN.finditer(digits):
        if run.end() - run.start() < 4:
            continue
        groups = [m.span() for m in _GROUP.finditer(text, run.start(), run.end())]
        first = 0
        while first < len(groups):
            start = groups[first][0]
            while fixed and fixed[0][1] <= start:
                fixed.pop(0)
            kept = fixed[0] if fixed and fixed[0][0] <= start else None
            while near < len(cues) and cues[near][0] < start - 30:
                near += 1
            cue, close = _cue(text, start, cues[near : near + 30])
            window = groups[first : first + 20]
            if len(groups) > 60 and all(b - a == 1 for a, b in window):  # a table or a counting rhyme
                first += 1
                continue
            count, label, end = _taken(text, digits, window, kept, (cue, close))
            if label:
                yield Span(_with_code(text, start), end, label)
            first += count


def _with_code(text: str, start: int) -> int:
    code = re.search(r"(?:\+\s?|\(\s?\+?\s?)$", text[max(start - 4, 0) : start])
    return start - len(code[0]) if code else start


def _cue(text: str, start: int, cues: list[tuple[int, str]]) -> tuple[str | None, str | None]:
    """What the words before a number say it is (the first cue with only small words between, or the first behind a pause), and the last in its clause."""
    near = right = None
    at = 0
    for end, kind in cues:
        if end > start:
            break
        if _BETWEEN_CUE_AND_NUMBER.fullmatch(text, end, start):
            if not right or _PAUSE.search(text, at, end):  # 评价，号码是…: what stands behind the pause says it
                right, at = kind, end
        elif not right and not _CLAUSE_ENDS.search(text, end, start):
            near = kind
    return right, near


def _taken(
    text: str,
    digits: str,
    groups: list[tuple[int, int]],
    kept: tuple[int, int] | None,
    cues: tuple[str | None, str | None],
) -> tuple[int, str, int]:
    """How many groups are one number or none of a person's, its label ("" for none) and its end."""
    cue, near = cues
    start = groups[0][0]
    before = text[max(start - 40, 0) : start]
    if kept and cue != "identity":
        return sum(1 for g in groups if g[0] < kept[1]) or 1, "", kept[1]
    if cue == "own" or _IN_A_CODE.search(before):
        return 1, "", groups[0][1]
    plus = _PLUS.search(before) is not None
    short = 4 if cue or _LAST_FOUR.search(before) else 7
    shape = tuple(b - a for a, b in groups)
    lengths = list(accumulate(shape))
    gaps = [digits[a[1] : b[0]] for a, b in pairwise(groups)]
    whole = "".join(digits[a:b] for a, b in groups)
    for count in range(len(groups), 0, -1):
        n, end = lengths[count - 1], groups[count - 1][1]
        if not short <= n <= 22:
            continue
        check = _CHECK_X.match(digits, end)
        told = cue or ("phone" if _AFTER.match(text, end) or "幺" in text[start:end] else None)
        label = _label(
            whole[:n],
            shape[:count],
            gaps[: count - 1],
            told,
            before,
            x_follows=bool(check),
            plus=plus and not any("+" in g for g in gaps[: count - 1]),
        )
        if (
            not label
            and near in ("phone", "card", "identity", "account")
            and (near == "identity" or _is_bare(before, gaps[: count - 1]))
        ):
            label = _near(whole[:n], shape[:count], gaps[: count - 1], near)
        if label == IDENTITY and check and n in (17, 14, 7, 8):
            end = check.end()
        if label in (LANDLINE, PHONE) and (extension := _EXTENSION.match(digits, end)):
            end = extension.end()
        if label:
            return count, label, end
    return 1, "", groups[0][1]


def _label(  # noqa: PLR0911 - one line a kind
    number: str, shape: tuple[int, ...], gaps: list[str], cue: str | None, before: str, *, x_follows: bool, plus: bool
) -> str | None:
    n, plain = len(number), _is_plain(gaps)
    if cue == "account" and n < 7 and re.search(r"(?<![扣抠叩])[扣抠叩]$", before):
        return None
    if n == 4 and len(shape) == 1 and _OF_GOODS.search(before):
        return None
    if n == 4 and len(shape) == 1 and cue in ("identity", "card", "phone", None) and _LAST_FOUR.search(before):
        return {"identity": IDENTITY, "card": CARD}.get(cue or "", PHONE)
    if cue == "identity" and 7 <= n <= 18:
        return IDENTITY
    if plain and _is_identity(number + ("X" if x_follows and n == 17 else ""), shape=shape):
        return IDENTITY
    if cue == "card" and (12 if re.search(r"卡|card|visa|iban", before, re.IGNORECASE) else 8) <= n <= 21:
        return CARD
    if plain and _is_card(number, shape, cue):
        return CARD
    if plain and _is_mobile(number, shape if any(gaps) else (n,)):
        return PHONE
    if cue == "account" and 5 <= n <= 12 and (len(shape) == 1 or plain):
        return ACCOUNT
    if (plus and 8 <= n <= 15) or (cue in ("phone", "account") and number.startswith("00") and 11 <= n <= 16):
        return LANDLINE
    # behind letters or more of its kind it is part of a code
    if _is_landline(number, shape, gaps) and not re.search(r"[A-Za-z]{2}$|\d{4}[ \-]$", before):
        return LANDLINE
    if cue == "phone" and 7 <= n <= 13 and not _is_series(shape, gaps, number):
        return PHONE if n == 11 else LANDLINE
    return None


def _near(number: str, shape: tuple[int, ...], gaps: list[str], cue: str) -> str | None:
    """What a number is whose clause speaks of phones or cards before it, though not right before it."""
    if cue == "card" and 10 <= len(number) <= 21:
        return CARD
    if cue == "identity" and (shape == (4, 4, 4) or (len(shape) == 1 and 15 <= len(number) <= 18)):
        return IDENTITY
    if cue == "account" and len(shape) == 1 and 9 <= len(number) <= 11 and number[0] != "0":
        return ACCOUNT
    return LANDLINE if cue == "phone" and 8 <= len(number) <= 13 and not _is_series(shape, gaps, number) else None


def _is_bare(before: str, gaps: list[str]) -> bool:
    """Whether a number stands by itself, and is no part of a code, an amount, an address on the net or a date."""
    return not re.search(r"(?:[A-Za-z]|[A-Z]{2}[\s\-#:/.]{0,2}|[\d.=/¥￥$€£])$", before) and not any(
        set(g) & set(".,/+=、*") for g in gaps
    )


def _is_plain(gaps: list[str]) -> bool:
    """Whether one way of grouping runs through the number: prices and sizes in a row have several kinds of gaps."""
    kinds = {g.strip(" \t\r\n()[]【】「」") for g in gaps}
    return len(kinds) <= 1 or not any(set(k) & set(".,、/+=|<>") for k in kinds)


def _is_series(shape: tuple[int, ...], gaps: list[str], number: str) -> bool:
    """Whether it is rather a row of prices, sizes or quantities, or a date."""
    even = (
        len(shape) > 1 and any(set(g) & set(",、/.+") for g in gaps) and len(set(shape)) == 1 and shape[0] in (2, 3, 4)
    )
    return even or (
        len(shape) == 1 and len(number) == 8 and number.startswith(("19", "20")) and _day(number) is not None
    )


def _is_mobile(number: str, shape: tuple[int, ...]) -> bool:
    for code, width in (("0086", 4), ("86", 2), ("", 0)):
        bare = number[width:]
        if number.startswith(code) and len(bare) == 11 and bare[0] == "1" and bare[1] in "3456789":
            rest = list(shape)
            left = width
            while left and rest:  # the country's code may be a group of its own or stand in the first one
                step = min(left, rest[0])
                left, rest[0] = left - step, rest[0] - step
                rest = rest[1:] if not rest[0] else rest
            return (
                (len(rest) <= 3 and min(rest) >= 1)
                or set(rest) == {1}
                or tuple(rest) in _MOBILE_SHAPES
                or rest[:2] == [3, 4]
            )
    return False


def _is_landline(number: str, shape: tuple[int, ...], gaps: list[str]) -> bool:  # noqa: PLR0911, PLR0912 - one a country
    if not 8 <= len(number) <= 15:
        return False
    area = re.match(r"(?:0086|86)?0?(10|2\d|[3-9]\d{2})(?=\d{7,8}$)", number)
    trunk = number.startswith(("0", "86"))
    if area and trunk and not number.startswith("00") | (number.startswith("000")):
        if len(shape) == 1:
            return number.startswith("0") and len(number) in (11, 12)
        edges = {sum(shape[:k]) for k in range(1, len(shape))}
        # the area's code ends where a group ends, and at most three groups follow it
        if area.end() in edges and len(shape) <= 5 and max(len(g.strip()) for g in gaps) <= 2:
            return number.startswith("0") or len(number) - area.end() in (7, 8)
    inner = {g.strip(" ()") for g in gaps}
    north_america = shape in ((3, 3, 4), (1, 3, 3, 4)) and number[-10] in "23456789" and number[-7] in "23456789"
    if north_america and inner <= {"-", ".", ""}:
        return True
    if shape == (5, 5) and number[0] in "6789" and inner <= {"", "-"} and not number.endswith("000"):
        return True
    if number.startswith(("07", "06")) and shape in ((5, 6), (5, 3, 3), (2, 2, 2, 2, 2)):
        return True
    if re.match(r"01[5-7]", number) and shape in (
        (4, 7),
        (4, 8),
        (4, 3, 4),
        (4, 4, 3),
        (4, 4, 4),
        (5, 3, 3),
        (5, 3, 4),
        (5, 6),
        (5, 7),
        (4, 3, 2, 2),
        (4, 2, 2, 3),
        (3, 4, 4),
    ):
        return True
    if number[:2] in ("89", "79") and shape == (1, 3, 3, 2, 2):
        return True
    malaysian = re.match(r"01[0-46-9]", number) and shape in ((3, 3, 4), (3, 4, 4)) and inner <= {"-", ""}
    if malaysian or (number.startswith("04") and shape in ((4, 3, 3), (4, 6), (2, 2, 2, 2, 2))):
        return True
    if (number.startswith("09") and shape in ((4, 3, 3), (4, 6))) or (
        re.match(r"0[2378]", number) and shape == (2, 4, 4)
    ):
        return True
    if shape == (4, 3, 3) and re.match(r"0[35789]", number) and inner <= {".", ""} and gaps[0] == gaps[1]:
        return True
    if (re.match(r"0[789]0", number) and shape == (3, 4, 4)) or (re.match(r"0[5689]", number) and shape == (3, 3, 4)):
        return True
    european = len(shape) == 2 and 3 <= shape[0] <= 5 and 5 <= shape[1] <= 8 and inner <= {"-", "/", ""}
    return european and number[0] == "0" and number[1] != "0" and 9 <= len(number) <= 12


def _is_identity(number: str, *, shape: tuple[int, ...]) -> bool:
    if len(number) == 18 and (number[:2].isdigit() and int(number[:2]) in _PROVINCES):
        born = _day(number[6:14])
        return born is not None and 1900 <= born.year <= 2035
    if (
        len(number) == 15
        and shape in ((15,), (6, 6, 3), (6, 2, 2, 2, 3))
        and int(number[:2]) in _PROVINCES
        and int(number[6:8]) >= 20
    ):
        return _day("19" + number[6:12]) is not None
    return False


def _is_card(number: str, shape: tuple[int, ...], cue: str | None) -> bool:
    n = len(number)
    in_fours = len(shape) > 1 and all(g == 4 for g in shape[:-1]) and shape[-1] <= 4
    if number.startswith("62") and 16 <= n <= 19:
        return in_fours or (number[2] in "123" and len(shape) < 4) or _passes_luhn(number)
    other = (n == 16 and (number[0] == "4" or "51" <= number[:2] <= "55" or number.startswith(("35", "60")))) or (
        n == 15 and number.startswith(("34", "37"))
    )
    return other and (in_fours or shape == (4, 6, 5) or (len(shape) == 1 and _passes_luhn(number)))


def _passes_luhn(number: str) -> bool:
    """Whether the check digit of a card number is right (ISO/IEC 7812-1).

    >>> _passes_luhn("4539578763621486"), _passes_luhn("4539578763621487")
    (True, False)
    """
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
