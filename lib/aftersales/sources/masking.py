"""What names or reaches a person in free text is masked: one function for cells, file names, errors and logs.

A text is compared in one spelling (NFKC, without characters that cannot be seen), and what is found is replaced in the
text as it was written. Masked are phones, identity and bank card numbers, accounts, mail and postal addresses, plates,
and names where the words before them tell that they are names. Service lines (400, 800, 95…), numbers of orders, parcels
and goods, prices, sizes and dates stay.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import compress

import polars as pl

from aftersales.sources.masked_names import (
    FILE_NAMES,
    LATIN_NAME_SIGNS,
    LATIN_NAMES,
    NAME_AT_LABEL,
    NAME_SIGNS,
    NAMES,
)
from aftersales.sources.masked_numbers import ACCOUNT, HAN_NUMERALS, IDENTITY, PHONE, Span, number_spans
from aftersales.words.errors import without_values

EMAIL, NAME, ADDRESS, PLATE = "邮箱", "姓名", "地址", "车牌"
_I = re.IGNORECASE
_HAN = r"[\u4e00-\u9fff]"

_PROVIDER = r"(?:qq|163|126|139|189|gmail|googlemail|outlook|hotmail|yahoo|sina|sohu|foxmail|icloud|aliyun|proton(?:mail)?|live|msn|yeah|tom|me|mail|gmx|web|yandex|vip\.qq|vip\.163|example)"
_TLD = r"(?:com|cn|net|org|edu|gov|io|me|co|uk|de|fr|in|hk|tw|info|test|example|de)"
_EMAILS = re.compile(
    rf"[A-Z0-9._%+\-\u00c0-\u024f]+\s?(?:@(?!\s?[\d.]+\s?(?:hz|fps|[mg]hz|v|w|a|k|p|rpm|mm|元)?(?!\s?[A-Z0-9.\-。点(\[]))|\(at\)|\[at\]|<at>|\{{at\}}|\*at\*|#at#|艾特|\(a\)|爱特|圈a)\s?[A-Z0-9\-]+(?:\s?(?:\.|。|点|\(dot\)|\[dot\]|<dot>|\sdot\s|,)\s?[A-Z0-9\-]+)*"
    rf"|[A-Z0-9._%+\-]+(?:\s|_)at(?:\s|_)(?:{_PROVIDER}\s?(?:\.|点)|[A-Z0-9\-]+\s(?:dot|点)\s)\s?(?:{_TLD}\b(?:\s?(?:\.|\sdot\s)\s?{_TLD}\b)?)"
    rf"|[A-Z0-9._%+\-]+\s?[#*$&※★☆]\s?{_PROVIDER}\s?(?:\.|。|点)\s?{_TLD}\b|(?<!\d)\d{{5,11}}\s?的?\s?(?:qq|扣扣|企鹅)\s?邮箱|(?:qq|扣扣|企鹅)\s?邮箱[\s:是]{{0,3}}(?P<q>\d{{5,11}})"
    rf"|(?:邮箱|电?邮件?地址|e-?mail(?: address)?)(?:号|账号|是|为|:|=|\s|is){{0,4}}(?P<s>[A-Z0-9][A-Z0-9._\-]{{2,40}}\d[A-Z0-9._\-]*)",
    _I,
)  # fmt: skip

_WECHAT = (
    r"(?:(?:[微薇威徽维葳巍溦魏伟唯薇]|(?<![a-z])v)\s?(?:信|芯|❤️?|x(?:in)?(?![a-z])|xin)|[微薇]\s?❤|绿(?:色)?(?:泡泡?|信|软件|标)|卫星|胃信|"
    r"[加+➕佳嘉伽茄]\s?(?:一下|个|我|你|下)?\s?(?:v(?![a-z])|[微薇威徽维溦])|(?<![a-z0-9])(?:wx|vx|wv|vv|v\s?x|w\s?x|weixin|wechat|we\s?chat|wei\s?xin)(?![a-z])|(?<![a-z0-9])v(?=\s?:|\s?号))"
)
_ACCOUNT_CUE = (
    rf"(?:{_WECHAT}|[加+➕]\s?(?:个|我)?\s?q(?![a-z])|(?<![a-z0-9])(?:qq|q)(?![a-z])|[扣抠叩][扣抠叩q]|"
    r"企鹅号?|球球|秋秋|🐧|支付宝|(?<![a-z])zfb|付宝|旺旺号?|淘宝号|抖音号?|小红书号?|快手号?|微博(?:号|id|[:@])|b站号?|闲鱼号?|钉钉|飞书|电报|纸飞机|推特|加我(?:好友)?|加好友|telegram|whats\s?app|facebook|instagram|twitter|"
    r"snapchat|skype|kakao(?:\s?talk)?|viber|zalo|discord|messenger|tiktok|alipay|paypal|zelle|venmo|cash\s?app|(?<![a-z])(?:tg|ig|ins|fb|line|signal|snap)(?=\s?(?:id|号|账号|:|@|is\b|name))|(?:my|我的|加|搜)\s?(?:line|tg|ins|ig|fb)(?![a-z]))"
)
_ACCOUNT_FILL = r"(?:号码?|账号|帐号|昵称|user\s?name|name|id|是|为|叫|加|搜索?|联系|我的|我|一下|下|个|吧|哦|啊|呀|呢|:|=|\s|,|。|!|~|→|-|_(?=\s)|>|<|《|\"|“|‘|'|\(|\[(?!(?:手机号|电话|证件号|银行卡|账号|邮箱|姓名|地址|车牌)\])|【|「|『|\*|is|me|on|at|my|private|私|聊|找|发|号|@){0,7}"
_ACCOUNTS = (
    # an id with a digit or underscore in it, after any cue
    re.compile(
        rf"{_ACCOUNT_CUE}{_ACCOUNT_FILL}(?P<s>(?=[a-z_\-.]{{0,20}}[\d_\-])(?!\d+[a-z\u4e00-\u9fff]|(?:19|20)\d\d-)@?[a-z][a-z0-9_\-.]{{4,24}}|(?<![a-z0-9])(?=\d+[a-z_])(?!\d+(?:ml|kg|cm|mm|g|l|pcs|gb)\b)[a-z0-9_\-]{{6,20}})", _I
    ),
    # letters alone only where a colon, 号 or 是 says that an id follows
    re.compile(rf"{_ACCOUNT_CUE}(?:号码?|账号|帐号|id|是|为|加|搜|我的|就|\s)*\s?(?:[:=]|号|是|搜|加|账号|id)\s?(?P<s>@?[a-z][a-z0-9_\-.]{{4,24}})(?![a-z0-9])", _I),
    re.compile(r"(?:微信|薇信|威信|v信|绿泡泡|加我|加好友)\s?(?P<s>[a-z][a-z0-9_\-]{5,24})(?![a-z0-9])", _I),
    # letters in parts, the last of them with a digit; the cue and the id in one word
    re.compile(rf"{_WECHAT}(?:号|id|\s)?\s?(?:[:=]|号|是)\s?(?P<s>[a-z]{{1,12}}(?:\s[a-z]{{1,12}}){{0,2}}\s(?=[a-z_]*\d)[a-z0-9_]{{2,14}})(?![a-z0-9])", _I),
    re.compile(r"(?<![a-z0-9])(?:wx|vx|zfb|qq)(?P<s>[a-z](?=[a-z_\-]{0,14}\d)[a-z0-9_\-]{4,20})(?![a-z0-9])", _I),
    re.compile(r"(?<![a-z])live:(?P<s>\.?[a-z0-9][a-z0-9_.\-]{3,40})", _I),
    re.compile(r"(?:telegram|instagram|twitter|snapchat|whatsapp|skype|ins|ig|tg|line|line id|tiktok|facebook|discord|电报|推特)(?![a-z])[\s:]{0,3}(?:(?:is|me|at|on|id)\s)?(?P<s>@[a-z0-9_.]{3,30})", _I),
)  # fmt: skip
_PASSPORTS = re.compile(
    r"(?<![A-Z0-9])(?:E[A-HJ-NP-Z]?|G|P|S|D)\s?(?:\d\s?){7}\d(?![A-Z0-9])"
    r"|(?:护照|通行证|passport|港澳证|台胞证|回乡证|居留证|永居证|驾照)[\s\S]{0,10}?(?P<s>(?<![A-Z])[A-Z]{1,3}[\s\-]?\d(?:[\s\-]?\d){5,9}|\d(?:[\s\-]?\d){7,9})"
    r"|(?:\bssn|social security(?: number)?)[\s:#is]{0,6}(?P<t>\d{3}[\s\-]?\d{2}[\s\-]?\d{4})|(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)"
    r"|\b(?:pan|p\.a\.n\.?)(?:\s?(?:card|no|number|id|is|#|\.|:)){0,4}\s?(?P<p>[A-Z]{5}[\s\-]?\d{4}[\s\-]?[A-Z])\b|\b(?-i:[A-Z]{3}P[A-Z]\d{4}[A-Z]|[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z])\b|\b(?:nric|fin|hkid|香港身份证|台湾身份证|dni|nie|ni number|national insurance|codice fiscale|cpf|driver'?s? licen[cs]e|licen[cs]e no|personalausweis|steuer-?id|emirates id|cnic|身份证)[\s\S]{0,10}?(?P<u>(?=[A-Z\d\s.\-()]{0,6}\d)[A-Z]{0,3}\s?\d(?:[\s.\-(]?[\dA-Z]){5,13}\)?)(?![A-Z0-9])"
    r"|\b(?:DE|FR|GB|ES|IT|NL|BE|AT|CH|PL)\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b",
    _I,
)
_PLATES = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s?[A-Z]{1,2}?\s?[·•.\-_*]?\s?(?=(?:[A-Z]\s?){0,5}\d)(?:[A-HJ-NP-Z0-9]{5,6}|[A-HJ-NP-Z0-9]{4}[警学挂港澳]|[A-HJ-NP-Z0-9](?:[\s.\-·][A-HJ-NP-Z0-9]){4,5}|[A-HJ-NP-Z0-9]{2,3}[\s.\-·][A-HJ-NP-Z0-9]{2,3})(?![A-Z0-9])"
    r"|(?:\blicen[cs]e plate|\bplate(?: number)?|车牌号?)[\s:是为]{0,4}(?P<s>(?=[A-Z]{0,3}[\s\-]?[A-Z]{0,3}\d)[A-Z0-9]{2,3}[\s\-]?[A-Z0-9]{3,4})(?![A-Z0-9])"
    r"|(?:\bplate|\breg(?:o|istration)?|\b(?:car|vehicle|van|taxi|truck) (?:number|no\.?|reg|plate)|\bkennzeichen|\bplaque|\bimmatriculation|\bmatr[íi]cula|\btarga|\bkenteken|车牌号?|车号)(?:\s(?:number|no\.?|nr\.?|num))?(?:[\s:#=,]|is|ist|est|[是为]){0,4}"
    r"(?P<f>(?-i:(?=[\d \-]*[A-ZÄÖÜ])(?=[A-ZÄÖÜ \-]*\d)(?=(?:[\s\-·]?[A-Z0-9ÄÖÜ]){5})[A-Z0-9ÄÖÜ]{1,4}(?:[\s\-·]?[A-Z0-9]{1,4}){1,3}))(?![A-Z0-9])"
    r"|\b(?-i:[A-Z]{2}[\s\-]\d{1,2}[\s\-][A-Z]{1,2}[\s\-]\d{4})\b",
    _I,
)
_LOOKALIKE = re.compile(
    r"(?<![A-Za-z0-9])[1lI|](?=\d*[oOlI|])(?=[\doOlI|]*\d[\doOlI|]*\d[\doOlI|]*\d[\doOlI|]*\d)[3-9][\doOlI|]{9}(?![A-Za-z0-9])"
)
_DIGIT_WORD = (
    r"(?:zero|oh|o|one|two|three|four|five|six|seven|eight|nine|double|triple|null|eins|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun|"
    r"zéro|un|deux|trois|quatre|cinq|sept|huit|neuf|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve)"
)
_PINYIN_DIGIT = r"(?:ling|dong|yao|yi|er|liang|san|si|wu|liu|qi|guai|ba|jiu|gou)"
_MIXED = rf"(?:{_DIGIT_WORD}|\d{{1,4}})"
_JOIN = "然后|接着|后面|后边|再|跟着|横杠|杠|横线|空格|中间|逗号"
_BETWEEN = rf"(?:{_JOIN}|是|\s|[\-.,、*~_/|…😊👉]){{0,5}}"
_SPELLED = re.compile(
    # digits in words, some perhaps in figures: three words at least, and seven digits
    rf"\b(?=(?:\d{{1,4}}[\s,.\-]+){{0,3}}(?:{_DIGIT_WORD}[\s,.\-]+){{3}})(?:{_MIXED}[\s,.\-]+){{6,}}{_MIXED}\b"
    rf"|\b(?:{_DIGIT_WORD}[\s,.\-]+){{3,}}\d{{2,4}}[\s,.\-]+\d{{3,4}}\b|\b\d{{3,4}}[\s,.\-]+(?:\d{{3,4}}[\s,.\-]+)?(?:{_DIGIT_WORD}[\s,.\-]+){{3,}}{_DIGIT_WORD}\b"
    rf"|\b(?:{_DIGIT_WORD}[\s,\-]+){{6,}}{_DIGIT_WORD}\b|\b(?:{_PINYIN_DIGIT}[\s,\-]+){{9,}}{_PINYIN_DIGIT}\b"
    # a mobile number with words, or letters and signs, between its parts
    rf"|(?<![\d{HAN_NUMERALS}])(?=[\d\W{HAN_NUMERALS}]{{1,20}}(?:{_JOIN}))[1一幺壹]{_BETWEEN}[3-9三四五六七八九叁肆伍陆柒捌玖](?:{_BETWEEN}[\d{HAN_NUMERALS}]){{9}}(?![\d{HAN_NUMERALS}])"
    rf"|(?<![\dA-Z{HAN_NUMERALS}])(?=\d*[{HAN_NUMERALS}])(?=[{HAN_NUMERALS}]*\d)[1一幺壹][3-9三四五六七八九叁肆伍陆柒捌玖][\d{HAN_NUMERALS}]{{9}}(?![\d{HAN_NUMERALS}])"
    r"|(?<!\d)1[3-9]\d(?![元块件个年月日号码分米克])[a-wyz\u4e00-\u9fff]{1,2}\d{4}(?![元块件个年月日号码分米克])[a-wyz\u4e00-\u9fff]{1,2}\d{4}(?!\d)", _I
)  # fmt: skip

_PROVINCE = "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
_NUM = r"(?:[0-9]{1,5}[A-Za-z]?|[A-Za-z](?![A-Za-z])|[一二三四五六七八九十百零〇两]{1,5})(?:\s?[\-—之#~]\s?[0-9]{1,5}[A-Za-z]?){0,3}"
_PART = rf"(?:[东西南北中ABCDEF]\s?[区门座]|{_NUM}\s?(?:号楼|号院|号|支弄|弄|栋|幢|座|橦|单元|梯|室|楼|层|户|门|房|排|组|队|社|期|区|巷))"
_REST = rf"(?:[\s,、\-]{{0,2}}(?:{_HAN}{{0,12}}?{_PART}|{_HAN}{{2,10}}?(?:小区|花园|花苑|公寓|大厦|广场|宿舍)))*(?:[\s,\-]{{0,2}}(?<![0-9])[0-9]{{3,4}}(?![0-9元块天件]))?"
_REGION = rf"(?:(?:中国)?(?:{_PROVINCE})(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)?[\s,\-/]{{0,3}})"
_CITY = rf"{_HAN}{{1,8}}?(?<![超夜集门股城都菜早上])(?:市|地区|自治州|州|盟)(?!场|面|民|价|区别)"
_COUNTY = rf"{_HAN}{{1,7}}?(?:新区|开发区|高新区|区|县|旗|市)(?!别|域|间|块)"
_TOWN = rf"{_HAN}{{1,7}}?(?:街道|镇|乡)"
_WAY = rf"{_HAN}{{1,7}}?(?<![套线思电半铁顺在上走问逛马])(?:大道|大街|胡同|路|街|巷|弄|村|屯|庄|寨|小区|花园|苑|公寓|大厦|广场|园区|科技园|产业园|工业园|新村|家园|大学|学院|中学|小学|医院|宿舍)"
_S = r"[\s,\-/]{0,3}"
_ESTATE = r"(?:小区|花园|花苑|家园|公寓|新村|苑|大厦|广场|名都|名邸|豪庭|雅居|华庭|华府|半岛|宿舍|学院|大学|中学|小学|医院|写字楼|工业园|产业园|科技园|社区|国际|中心|公馆|山庄|别墅|嘉园|佳苑|雅苑)"
_CHINESE_ADDRESSES = (
    re.compile(rf"{_REGION}(?:{_CITY}{_S})?(?:{_COUNTY}{_S}(?:{_TOWN}{_S})?|{_TOWN}{_S}){_WAY}{_S}{_REST}"),
    re.compile(rf"{_REGION}(?:{_CITY}{_S})?{_WAY}{_S}(?={_NUM}\s?[号弄栋幢组座]){_REST}"),
    re.compile(rf"{_CITY}{_S}{_COUNTY}{_S}(?:{_TOWN}{_S})?{_WAY}{_S}{_REST}"),
    re.compile(rf"{_HAN}{{2,4}}?(?:县|区)(?!别|域|间|块){_S}{_HAN}{{1,5}}?(?:镇|乡|街道){_S}{_HAN}{{1,6}}?(?:村|社区|屯|路|街){_S}{_REST}"),
    re.compile(rf"(?:{_REGION}|{_CITY}|{_COUNTY}|{_TOWN}){{0,4}}{_HAN}{{1,7}}?(?<![套线思电半铁顺在上走问逛马])(?:大道|大街|胡同|路|街|巷|弄)\s?(?:[东西南北中]\s?段?|[一二三四五]段)?\s?{_NUM}\s?(?:号|弄)(?!线|色|仓|店|码|发|前|之前|到|才|就|以)(?:楼|院)?{_REST}"),
    re.compile(rf"{_HAN}{{1,7}}?(?<![知渠通味频管赛报难说力轨隧])道\s?{_NUM}\s?号(?!线|色|仓|店|码|发|前|到|才|就){_REST}"),
    re.compile(rf"{_HAN}{{1,8}}?(?:{_ESTATE}|(?:[府城园庭湾居郡里坊院](?={_S}{_NUM}\s?(?:号楼|栋|幢|单元))))\s?(?:[东南西北一二三四五六七八九ABC0-9]\s?[区期苑])?{_S}{_NUM}\s?(?:号楼|栋|幢|座|单元|室|弄|号(?!线|色|仓|店|码|发|前|到|才|就)){_REST}"),
    re.compile(rf"(?<![0-9A-Za-z])(?:{_NUM})\s?(?:号楼|栋|幢|橦|号院)[\s,\-]{{0,2}}(?:{_NUM}\s?单元[\s,\-]{{0,2}})?{_NUM}(?:\s?(?:室|号|户|楼|层|房|门))?(?![0-9元块]|件|个|天|年|月)"),
    re.compile(rf"(?<![0-9A-Za-z]){_NUM}\s?(?:单元|弄|支弄)[\s,\-]{{0,2}}{_NUM}\s?(?:室|号|户|楼|层|房|门)?(?![0-9元块]|件|个|天)"),
    re.compile(r"(?<![0-9A-Za-z])[A-Z]?\s?[0-9]{3,4}\s?室"),
    re.compile(rf"(?<![A-Za-z])[A-Z]\s?座\s?{_NUM}(?:\s?(?:室|号|楼|层))?(?![0-9元块]|件|个|天)"),
    re.compile(rf"(?!我们|这个|那个|农)(?:{_REGION}|{_CITY}|{_COUNTY}|{_TOWN}){{0,4}}{_HAN}{{1,6}}?(?:村|屯|庄|寨|社区|镇|乡|大队)\s?{_HAN}{{0,4}}?\s?(?:第)?{_NUM}\s?(?:组|队|社|号院|排|[0-9]+号)(?!成|合|长|员|装|发|到){_REST}"),
)  # fmt: skip
_ESTATE_END = r"(?:[城府园庭湾居郡里坊院轩阁墅苑座寓厦]|国际|小区|家园|花园|之光|天下|公园|[一二三四五\d]期|壹号|世家|时代|新村|公馆|广场|中心|社区|名邸|华庭|佳苑|半岛)"
_BEHIND_ROAD = (
    re.compile(rf"{_HAN}{{1,10}}{_ESTATE_END}\s?(?:[A-Z东南西北中一二三四五\d]\s?[区期座])?\s?(?:\d{{1,3}}\s?[#\-—/]\s?)?\d{{1,3}}\s?[#\-—/]\s?(?!(?:19|20)\d\d(?!\d))[0-9]{{3,4}}(?![0-9元块件])", _I),
    re.compile(rf"{_HAN}{{2,10}}(?:[A-Z东南西北中一二三四五]\s?[区期座])\s?\d{{1,3}}\s?(?:#|-|栋|幢|号楼?)\s?(?:\d{{1,2}}\s?(?:-|单元))?\s?\d{{3,4}}(?![0-9元块件])", _I),
    re.compile(r"(?<![\d\-])\d{1,3}\s?#\s?楼?\s?\d{1,2}(?:-|单元)\d{3,4}(?!\d)"),
    re.compile(rf"(?<![\dA-Za-z\-])\d{{1,3}}-(?:\d{{1,2}}-)?(?!(?:19|20)\d\d(?!\d))\d{{3,4}}[\s,]{{0,2}}(?:万科|碧桂园|恒大|保利|绿地|龙湖|融创|中海|华润|绿城|{_HAN}{{1,8}}?{_ESTATE_END}){_HAN}{{0,6}}"),
    re.compile(rf"{_HAN}{{1,10}}(?:大学|学院|中学|校区|学部|师大|职院|一中|二中)\s?{_HAN}{{0,10}}?\s?(?:[A-Z]?\d{{1,3}}|[一二三四五六七八九十东南西北]{{1,3}})\s?(?:号?(?:学生)?(?:宿舍楼?|公寓|寝室|寝)|舍|斋|园|栋|幢|号?楼)\s?(?:[A-Z]?\d{{3,4}}(?:室|寝室?)?)?", _I),
    re.compile(r"(?<!\d)[0-9一二三四五六七八九十]{1,3}\s?号?(?:舍|宿舍楼?|公寓楼?)\s?[A-Z]?\d{3,4}(?:室|寝室?)?(?!\d)", _I),
    re.compile(rf"{_HAN}{{2,15}}?(?:旁边?|隔壁|对面|楼下|东侧|西侧|南侧|北侧|斜对面)的?\s?(?!一[栋幢]){_NUM}\s?(?:号楼|栋|幢|单元)(?!线|色|仓|店|码|发|前|到)(?:底商|商铺|门面|门市|铺)?\s?\d{{0,4}}(?:室|号|铺)?"),
    re.compile(rf"{_HAN}{{1,7}}(?:大道|路|街)[\s.,]?(?:与|和|跟|交)[\s.,]?{_HAN}{{1,7}}?(?:大道|路|街)[\s.,]?(?:交叉口|交汇处?|路口|交口|口)(?:[\s.,]?{_HAN}{{1,10}}?[\s.,]?{_NUM}\s?(?:号楼?|栋|幢|单元|座))?(?:[\s.,]?\d{{3,4}}(?!\d))?"),
    re.compile(rf"{_HAN}{{2,6}}?(?:村|屯|庄|寨|坝|冲|坪|塆|圩|堡|营|岭)\s?(?!1号链接){_NUM}\s?号(?!线|色|仓|店|码|发|前|到|才|就|链|楼)"),
    re.compile(rf"{_HAN}{{2,10}}{_ESTATE_END}\s?{_HAN}{{0,3}}?{_NUM}\s?(?:栋|幢|号楼|单元)\s?(?:{_HAN}{{1,4}}|\d{{1,4}})?"),
)  # fmt: skip
_CUED_ADDRESS = re.compile(
    r"(?:收货地址|收件地址|家庭地址|家庭住址|居住地址|详细地址|新地址|地址|住址|我?家住|住在|家在)"
    r"(?:给我|改成|改为|换成|变更为|更改为|应该|就是|是|为|在|于|写的是|:|=|\s|到){0,3}"
    rf"(?P<s>(?!错|不对|不详|没|改|填|写|怎|有问|无|信息|哪|附近|酒店|宾馆)[^。;!?\n\[\],.]{{0,30}}?(?:(?:大道|路|街|巷|胡同|弄|村|镇|屯|庄|小区|花园|苑|公寓|大厦|家园|新村|园区|科技园|大学|学院|中学|小学|医院|宿舍|广场|社区)"
    rf"(?!口|上|边|没|不|人|的|门|里|酒店|宾馆|式)|{_NUM}\s?(?:栋|幢|单元|室|号楼|弄|号))(?:{_S}{_REST})?)"
)
_TRIM = re.compile(r".*(?:收货地址|收件地址|地址|[到往在是去给从于址住寄送发为叫把请离让:,])(?=.{2,})")

_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Terrace|Circle|Cir|Highway|Hwy|Parkway|Pkwy|"
    r"Square|Sq|Close|Crescent|Gardens|Grove|Mews|Hill|Trail|Row|Nagar|Marg|Colony|Layout|Cross|Main)"
)
_PLAIN_WORD = r"(?!(?:the|a|an|of|on|in|for|to|my|this|that|and|or|is|was|by|per|days?|weeks?|months?|years?|hours?|minutes?|times?|sets?|pcs|pieces?|lane|way|miles?|m|km|cm|mm|inch|star|x|long|more|other|different)\b)"
_UNIT = r"(?:(?:Apt|Apartment|Unit|Suite|Ste|Flat|Floor|Fl|Room|Rm|Bldg|Building|#)\.?\s*(?:No\.?\s*)?#?\s?\w{1,6})"
_TOWN_LATIN = r"(?:,?\s+[A-Z][A-Za-z.'\-]+){1,4}"
_ZIP = r"(?:,?\s*(?:[A-Z]{2}\s+\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|\d{5,6}|[A-Z]\d[A-Z]\s?\d[A-Z]\d))"
_LATIN_ADDRESSES = (
    re.compile(rf"(?:{_UNIT},?\s*)?(?:\bNo\.?\s*)?(?<![\d.])\d{{1,5}}[A-Za-z]?(?:[\-/]\d{{1,4}})?,?\s+(?:[NSEW]\.?\s+|North\s+|South\s+|East\s+|West\s+)?(?:{_PLAIN_WORD}[A-Z0-9][\w'’\-]*\.?\s+){{1,4}}(?i:{_STREET})\b\.?(?:,?\s*{_UNIT})*(?:,{_TOWN_LATIN})?(?:,{_TOWN_LATIN})?{_ZIP}?"),
    re.compile(rf"\b\d{{1,5}}[a-z]?\s+(?:{_PLAIN_WORD}[a-z][a-z'’\-]+\s+){{1,2}}(?:street|avenue|ave|road|rd|lane|boulevard|blvd|drive|st)\b(?:,?\s*{_UNIT})*(?:,\s*[a-z ]{{3,20}}(?:,?\s*\d{{5}})?)?", _I),
    re.compile(r"\b(?:Apt|Apartment|Flat)\.?\s*(?:No\.?\s*)?#?\s?\d{1,4}\w?\b(?:,\s*[A-Z][\w .'\-]{2,40})?|\b(?:H\.?\s?No|House No|Plot No|Door No|Flat No)\.?\s?:?\s?[\d\w/\-]{1,12}(?:,\s*[A-Z][\w .'\-]{2,30}){0,4}(?:\s?-?\s?\d{6})?", _I),
    re.compile(r"\b(?:Room|Rm|Unit|Suite)\.?\s*\w{1,6},\s*(?:(?:Building|Bldg|Block|Tower|Floor|No)\.?\s*\w{1,6}|\d{1,5}\s)(?:,?\s*[A-Z0-9][\w.'\-]*){0,8}", _I),
    re.compile(r"\bP\.?\s?O\.?\s?Box\s+\d{1,6}(?:,\s*[A-Z][\w .'\-]{2,30})?", _I),
    re.compile(r",?\s*\b[A-Z][a-z]+(?:\s[A-Z][a-z]+)?,\s*[A-Z]{2}\s+\d{5}(?:-\d{4})?\b"),
    re.compile(r"\b[A-ZÄÖÜ][a-zäöüß\-]+(?:straße|strasse|str\.?|weg|platz|allee|gasse|ring|damm|ufer|hof|markt|gracht|straat|laan|plein|kade|dijk|singel|gatan|vägen|vej|gade)\s*\d{1,4}(?:\s?-?(?:[a-z]|[ivx]{1,3}|bis|hs))?\b(?:,?\s*(?:[A-Z]{1,2}-)?\d{4,5}(?:\s?[A-Z]{2}\b)?\s+[A-ZÄÖÜ][a-zäöüß]+)?", _I),
    re.compile(r"\b\d{1,4}(?:\s?bis)?,?\s+(?:rue|avenue|av\.?|boulevard|bd\.?|place|chemin|allée|impasse|quai|cours|route|passage|square|ruelle|faubourg)\s+(?:de\s|du\s|des\s|la\s|le\s|l['’]|de la\s)*[A-ZÀ-Ý][\w'’\-à-ÿ]+(?:\s[A-ZÀ-Ý][\w\-à-ÿ]+)*(?:,?\s*\d{5}\s+[A-ZÀ-Ý][\w\-à-ÿ]+)?", _I),
    re.compile(r"\b(?:Calle|C/|Via|Viale|Piazza|Corso|Largo|Vicolo|Rua|Travessa|Avenida|Avda\.?|Av\.|Carrer|Plaza|Paseo|Camino|ul\.)\s*(?:[A-Z][\w'’\-à-ÿ]+\s?|de\s|la\s|del\s){1,4},?\s?\d{1,4}\b(?:,?\s*\d{5}\s+[A-Z][\w\-à-ÿ]+)?"),
    re.compile(r"\b(?!(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\s)[A-ZÀ-Þ][\w'’.\-]+(?:\s[\w'’.\-]+){0,3}?\s\d{1,4}\s?[a-zA-Z]?,?\s+(?:(?:[A-Z]{1,2}-)?\d{5}|\d{4}\s?[A-Z]{2})\s+[A-ZÀ-Þ][\w\-]{2,}"),
    re.compile(r"(?i:\b(?:my (?:home |new |shipping |delivery )?address is|address|ship(?:ped)? (?:it )?to|deliver(?:ed)? (?:it )?to|i live (?:at|on|in)|living at|resid(?:e|ing) at))[\s:]{1,3}(?P<s>(?=[^.;!?\n\[\]]{0,60}\d)(?:No\.?\s?)?[A-Z0-9][^;!?\n\[\]]{6,90}?(?:\d{4,6}\b|(?=\.\s|\.$|$|[;!?\n\[])))"),
    re.compile(r"(?i:\b(?:post ?code|postal code|zip(?: ?code)?|pin(?: ?code)?))[\s:is]{0,4}(?P<s>\d{5,6}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})(?![\dA-Z])"),
)  # fmt: skip

_INVISIBLE = {"\ufe0e", "\ufe0f", "\u20e3", "\u034f", "\u115f", "\u1160", "\u3164", "\uffa0"}
_UNSEEN = r"[\p{Cf}\x{fe0e}\x{fe0f}\x{20e3}]"
_LABEL = re.compile(r"\[(?:手机号|电话|证件号|银行卡|账号|邮箱|姓名|地址|车牌)\]")

# What must stand in a text (in one spelling, lower case) for a kind to be looked for at all: words, and a pattern.
# A text without any of these is left alone, which is what makes a million texts a matter of seconds.
_D = rf"[0-9{HAN_NUMERALS}]"
_SEPARATOR = r"[ \t\r\n.\-_~*'(),/\\|+=<>·•—–、【】「」#\[\]{}]"
_BUILDING = r"[0-9a-z一二三四五六七八九十零〇两]\s?"
_SIGNS: dict[str, tuple[tuple[str, ...], str]] = {
    "number": ((), rf"{_D}(?:{_SEPARATOR}{{0,4}}{_D}){{6}}"),
    "last": (("尾号", "后四位", "后六位", "后4位", "后6位", "最后", "last four", "last 4"), r"[0-9]{4}"),
    "account": (
        ("信", "微", "薇", "威", "v❤", "+v", "加v", "+q", "加q", "wx", "vx", "wv", "vv", "v x", "w x", "wei", "wechat", "q", "v:",
         "v :", "扣", "抠", "叩", "企鹅", "球球", "秋秋", "🐧", "zfb", "绿", "卫星", "胃信", "徽", "维", "葳", "巍", "溦", "魏", "伟", "唯", "➕", "佳", "嘉", "伽", "茄", "v信", "v芯", "v号", "v 信", "v xin", "微博", "闲鱼", "b站", "飞书", "电报", "纸飞机", "推特", "live:", "line", "kakao", "viber", "zalo", "discord", "messenger", "tg", "ig", "fb", "signal", "snap", "cash", "whats", "付宝", "支付宝", "旺旺", "淘宝号", "抖音", "小红书", "快手", "钉钉", "加我", "加好友", "telegram", "whatsapp",
         "facebook", "instagram", "ins", "twitter", "snapchat", "tiktok", "skype", "line id", "alipay", "paypal", "zelle", "venmo"),
        r"[a-z0-9_][a-z0-9_.\-]{4}|@[a-z0-9_]{3}|[a-z] [a-z0-9_]{2}",
    ),
    "email": (("@", "艾特", "爱特", "*at", ".com", "点com", ".cn", "。com", "圈a", " at ", "_at_", "(a", "[a", "<at", "{at", "#at", "邮", "mail"), r"[a-z0-9]"),
    "document": (
        ("护照", "通行证", "港澳证", "台胞证", "回乡证", "居留证", "永居证", "驾照", "passport", "ssn", "social security", "pan", "p.a.n", "nric", "fin", "hkid", "身份证", "dni", "nie", "ni number", "national insurance", "codice",
         "cpf", "license", "licence", "personalausweis", "steuer", "emirates", "cnic"), r"[0-9]",
    ),
    "code": ((), r"[a-z]{3}p[a-z][0-9]{4}[a-z]|[a-z]{6}[0-9]{2}[a-z]|[egpsd][a-z]? ?[0-9][0-9 ]{7}|[0-9]{3}-[0-9]{2}-[0-9]{4}|[a-z]{2}[0-9]{2} ?[a-z0-9]{4} ?[a-z0-9]{4} ?[a-z0-9]{4}"),
    "plate": ((), r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s?[a-z]{1,2}\s?[·•.\-_*]?\s?[a-z0-9]|plate|车牌|车号|reg|(?:car|vehicle|van|taxi|truck) (?:num|no|reg)|kenn|kente|plaque|immatr|matr[íi]cula|targa|[a-z]{2}[ \-][0-9]{1,2}[ \-][a-z]"),
    "lookalike": ((), r"[1li|][3-9][0-9oli|]{9}"),
    "spelled": ((), rf"(?:(?:{_DIGIT_WORD[3:-1]}|{_PINYIN_DIGIT[3:-1]}|[0-9]{{1,4}})[\s,.\-]+){{3}}[a-z0-9é]|1[3-9][0-9][^0-9\s]{{1,3}}[0-9]{{4}}[^0-9\s]{{1,3}}[0-9]{{4}}"),
    "joined": (tuple(_JOIN.split("|")), r"[1一幺壹][^a-z]{0,6}[3-9三四五六七八九叁肆伍陆柒捌玖]"),
    "name": ((), NAME_SIGNS),
    "latin_name": (LATIN_NAME_SIGNS, r"[a-z]{2}"),
    "file": ((), r"\.(?:pdf|docx?|xlsx?|csv|tsv|txt|jpe?g|png|heic|webp|zip|rar|eml|pptx?|mp4|mov)$"),
    "region": (("区", "县", "镇", "乡", "街道", "旗", "市"), r"[路街巷弄村屯庄苑园厦场寓学院舍区].*[0-9一二三四五六七八九十]|(?:市|省|县|北京|天津|上海|重庆|浙江|江苏|广东|山东|河南|河北|四川|湖北|湖南|福建|安徽).{2,16}[路街巷弄村屯庄苑园厦场寓学院舍]"),
    "building": (
        ("号", "弄", "栋", "幢", "橦", "单元", "室", "座", "组", "队", "社", "排"),
        rf"(?:路|街|道|巷|弄|胡同)\s?[东西南北中一二三四五]?\s?段?\s?{_BUILDING}|{_BUILDING}(?:号楼|栋|幢|橦|号院|单元|弄|支弄|座)|[0-9]{{3}}\s?室|[a-z]\s?座|[村屯庄寨区镇乡队].{{0,6}}{_BUILDING}(?:组|队|社|号|排)",
    ),
    "estate": ((), r"[一-鿿]\s?[a-z东南西北中一二三四五0-9]?\s?[区期座]?\s?[0-9]{1,3}\s?[#\-—/栋幢号][^。]{0,6}[0-9]{3}|[0-9]-[0-9]{1,4}.{0,4}[一-鿿]|[0-9]\s?#|[0-9一二三四五六七八九十东南西北]\s?号?(?:学生)?(?:宿舍|公寓|寝|舍|斋)|(?:大学|学院|中学|校区|学部|师大|职院|一中|二中).{1,14}[园栋幢楼]|[旁壁面下侧边]的?\s?[0-9a-z一二三四五六七八九十].{0,6}[号栋幢元]|(?:交叉|交汇|路口|交口|街口)|[村屯庄寨坝冲坪塆圩堡营岭]\s?[0-9a-z一二三四五六七八九十〇零两].{0,6}号|[0-9一二三四五六七八九十a-z]\s?(?:栋|幢|号楼|单元)"),
    "cued": (("地址", "住址", "家住", "住在", "家在"), r"[路街巷弄村镇屯庄区苑园寓厦学院舍场栋幢元室号同道]"),
    "latin_address": (
        (" st", " av", " road", " rd", " lane", " ln", " dr", " bou", " blvd", " c", " way", " pl", " ter", " hi", " hwy", " pkwy",
         " pa", " sq", " g", " mews", " trail", " row", " nagar", " m", " l", "apt", "apart", "flat", "room", "rm", "h.no", "h no", "house no",
         "plot", "door no", "suite", "unit", "box", "rue", "calle", "via", "piazza", "rua", "avenida", "carrer", "plaza", "quai", "chemin",
         "straße", "strasse", "str.", "weg", "platz", "allee", "gasse", "ring", "damm", "ufer", ", ", "code", "zip", "pin", "gracht", "straat", "laan", "plein", "kade", "dijk", "singel", "gatan", "vägen", "vej", "gade", "hof", "markt", "str", "c/", "ul.", "avda", "paseo", "corso",
         "address", "ship", "deliver", "live", "living", "resid"),
        r"(?:[0-9].*[a-z]{2}|[a-z]{2}.*[0-9])",
    ),
}  # fmt: skip
_EVERY_KIND = frozenset(_SIGNS)
_DIGIT_SIGNS = "⓿❶❷❸❹❺❻❼❽❾➀➁➂➃➄➅➆➇➈➊➋➌➍➎➏➐➑➒⓵⓶⓷⓸⓹⓺⓻⓼⓽"  # digits that NFKC leaves alone
_PLACES = frozenset({"region", "building", "estate"})


@lru_cache(maxsize=1 << 15)
def _folded_character(char: str) -> str:
    if char in _INVISIBLE or (unicodedata.category(char) in ("Cf", "Cc") and not char.isspace()):
        return ""
    plain = unicodedata.normalize("NFKC", char)
    return "".join(c if c.isascii() else str(unicodedata.digit(c, c)) for c in plain)


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text in one spelling, and the place in ``text`` of each of its characters."""
    parts = [_folded_character(c) for c in text]
    plain = "".join(parts)
    if plain == text:
        return text, range(len(text))
    return plain, [at for at, part in enumerate(parts) for _ in part]


@lru_cache(maxsize=4096)
def masked(text: str) -> str:
    """A text with what names or reaches a person replaced by a word in brackets for its kind.

    Parameters
    ----------
    text
        Any text: a cell, a file's name, an error's words.

    Returns
    -------
    str
        The same text where nothing was found; masking twice changes nothing more.

    Examples
    --------
    >>> masked("打138 0013 8000找我"), masked("订单3515313123456789012，尺码175/92A，7天")
    ('打[手机号]找我', '订单3515313123456789012，尺码175/92A，7天')
    >>> masked("ＶＸ：ａｂｃ_１２３４"), masked("文三路138号3幢")
    ('ＶＸ：[账号]', '[地址]')

    """
    return _masked(text, _EVERY_KIND)


def masked_name(name: str, *, key: bytes) -> str:
    """A file's name as it may be stored and shown: masked, and then told from others by a short keyed hash.

    >>> masked_name("ExportOrderList202611090900.csv", key=b"k")
    'ExportOrderList202611090900.csv'
    >>> masked_name("李雷13800138000.csv", key=b"k") == masked_name("李雷13900139000.csv", key=b"k")
    False
    """
    shown = masked(name)
    if shown == name:
        return name
    stem, dot, suffix = shown.rpartition(".")
    mark = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), key=key[:64], digest_size=3).hexdigest()
    return f"{stem}-{mark}{dot}{suffix}" if dot else f"{shown}-{mark}"


def masked_error(text: str) -> str:
    r"""An error of somebody else's code, whose words may quote cells, as it may be logged and shown.

    >>> masked_error("could not parse `李雷` as i64 in column 'amount': [\"杭州\", 3]")
    "could not parse `…` as i64 in column 'amount': […]"
    """
    return masked(without_values(text))


def _masked(text: str, kinds: frozenset[str]) -> str:
    for _ in range(5):
        again = _masked_once(text, kinds)
        if again == text:
            return text
        text = again
    return text


def _masked_once(text: str, kinds: frozenset[str]) -> str:
    plain, places = _folded(text)
    labels = [m.span() for m in _LABEL.finditer(plain)]
    spans = [s for s in _spans(plain, kinds) if not any(a < s.end and s.start < b for a, b in labels)]
    if not spans:
        return text
    spans.sort(key=lambda s: (s.start, -s.end))
    parts, done, at = [], 0, -1
    for start, end, label in spans:
        if start < at:
            continue
        first, last = places[start], places[end - 1] + 1
        while last < len(text) and not _folded_character(text[last]):
            last += 1  # what cannot be seen behind a masked character goes with it
        parts += [text[done:first], f"[{label}]"]
        done, at = last, end
    return "".join(parts) + text[done:]


_PATTERNS: tuple[tuple[frozenset[str], tuple[re.Pattern[str], ...], str], ...] = (
    (frozenset({"email"}), (_EMAILS,), EMAIL),
    (frozenset({"document", "code"}), (_PASSPORTS,), IDENTITY),
    (frozenset({"plate"}), (_PLATES,), PLATE),
    (frozenset({"account"}), _ACCOUNTS, ACCOUNT),
    (frozenset({"lookalike"}), (_LOOKALIKE,), PHONE),
    (frozenset({"spelled", "joined", "number"}), (_SPELLED,), PHONE),
    (frozenset({"name"}), NAMES, NAME),
    (frozenset({"latin_name"}), LATIN_NAMES, NAME),
    (frozenset({"file"}), FILE_NAMES, NAME),
    (frozenset({"latin_address"}), _LATIN_ADDRESSES, ADDRESS),
    (frozenset({"region"}), _CHINESE_ADDRESSES[:4], ADDRESS),
    (frozenset({"building"}), _CHINESE_ADDRESSES[4:], ADDRESS),
    (frozenset({"estate"}), _BEHIND_ROAD, ADDRESS),
    (frozenset({"cued"}), (_CUED_ADDRESS,), ADDRESS),
)


def _spans(text: str, kinds: frozenset[str]) -> Iterator[Span]:
    if kinds & {"number", "last", "account"}:
        yield from number_spans(text)
    if "[" in text:
        yield from _found(NAME_AT_LABEL, text, NAME)
    for looked_for, patterns, label in _PATTERNS:
        if kinds & looked_for:
            for pattern in patterns:
                for start, end, _ in _found(pattern, text, label):
                    cut = _TRIM.match(text, start, end) if _PLACES & looked_for else None
                    yield Span(cut.end() if cut else start, end, label)


def _found(pattern: re.Pattern[str], text: str, label: str) -> Iterator[Span]:
    """The named part of each match, or the whole of one that names none."""
    for match in pattern.finditer(text):
        start, end = match.span(match.lastgroup or 0)
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if end > start:
            yield Span(start, end, label)


def masked_texts(column: pl.Series) -> pl.Series:
    """A column of texts with what names or reaches a person masked, as `masked` does; null stays null.

    Quick searches tell which kinds there may be in which text; only those are looked for, once a distinct text.

    >>> masked_texts(pl.Series(["打138 0013 8000找我", "很好", None])).to_list()
    ['打[手机号]找我', '很好', None]
    """
    texts = column.drop_nulls().unique()
    plain = texts.str.normalize("NFKC").str.replace_all(_UNSEEN, "").str.to_lowercase()
    plain = plain.str.replace_many(list(_DIGIT_SIGNS), [str(unicodedata.digit(c)) for c in _DIGIT_SIGNS])
    signs = pl.DataFrame(
        [
            (
                plain.str.contains(pattern) & plain.str.contains_any(list(words))
                if words
                else plain.str.contains(pattern)
            ).alias(kind)
            for kind, (words, pattern) in _SIGNS.items()
        ]
    )
    some = signs.select(pl.any_horizontal(pl.all())).to_series()
    names = signs.columns
    changed = {
        old: new
        for old, row in zip(texts.filter(some), signs.filter(some).iter_rows(), strict=True)
        if (new := _masked(old, frozenset(compress(names, row)))) != old
    }
    return column.replace(list(changed), list(changed.values())) if changed else column
