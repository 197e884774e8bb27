"""Postal addresses in free text, Chinese and Latin: what of a road, an estate, a village or a town is one.

Every quantifier is bounded or atomic: the time for a text grows with its length and no faster. Groups are atomic by
`(?>…)`, not by a quantifier's `+`, which Python before 3.11.5 matches wrongly where a group's inside gives way (gh-106052).
"""

from __future__ import annotations

import re

_I = re.IGNORECASE
_HAN = r"(?-i:[\u4e00-\u9fff])"  # a range is searched through for its other case, sign by sign
_PROVINCE = (
    "(?:北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|九龙|新界)"
    r"(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|生产建设兵团|建设兵团)?[\s,\-/]{0,3}"
)
_S = r"[\s,\-/]{0,3}"
_NUM = r"(?:[0-9]{1,5}[A-Za-z]?|[A-Za-z][0-9]{0,4}(?![A-Za-z])|[一二三四五六七八九十百零〇两]{1,7})(?:\s?[\-—之#~]\s?[0-9]{1,5}[A-Za-z]?){0,3}"
_PART = rf"(?:[东西南北中ABCDEF]\s?[区门座塔]|{_NUM}\s?(?:号楼|号院|号|支弄|弄|栋|幢|座|橦|单元|梯|室|楼|层|户|门|房|排|组|队|社|期|区|巷|铺))"
_ESTATE = r"(?:小区|花园|花苑|家园|公寓|新村|苑|大厦|广场|名都|名邸|豪庭|雅居|华庭|华府|半岛|宿舍|学院|大学|中学|小学|医院|写字楼|工业园|产业园|科技园|软件园|园区|社区|国际|中心|公馆|山庄|别墅|嘉园|佳苑|雅苑|家属院)"
_REST = rf"(?>(?>[\s,、\-]{{0,2}}+(?:{_HAN}{{0,12}}?{_PART}|{_HAN}{{2,10}}?(?:小区|花园|花苑|公寓|大厦|广场|宿舍)))*)(?:[\s,\-]{{0,2}}(?<![0-9])[0-9]{{3,4}}(?![0-9元块天件]))?"
# one step of a chain of places: a city, a district, a town; a chain once read is not read another way
_PLACE = rf"{_HAN}{{1,10}}?(?:(?<![超夜集门股城都菜早上])市(?!场|面|民|价|区别)|自治区|地区|自治州|州|盟|区(?!别|域|间|块|号)|县|旗|街道|镇|乡){_S}"
_CHAIN = rf"(?:(?:{_PROVINCE})?(?>(?>{_PLACE}){{1,5}})|{_PROVINCE}|)"
_ROAD = r"(?:大道|大街|胡同|(?<![套线思电半铁顺在上走问逛一])路|(?<![上逛在这那])街|巷|弄)"
_WAY = rf"(?:{_HAN}{{1,7}}?(?:{_ROAD}(?!上|边|人|程|途)|村|屯|庄|寨|小区|花园|苑|公寓|大厦|广场|园区|新村|家园|大学|学院|中学|小学|医院|宿舍)|{_HAN}{{0,7}}?(?:科技园|产业园|工业园|软件园))"
_GOODS = r"(?!线|色|仓|店|码|发|前(?!海|门|进|山|湾|程)|之前|到|才|就|以|链|款)"
_ESTATE_END = r"(?:[城府园庭湾居郡里坊院轩阁墅苑座寓厦都]|国际|小区|家园|花园|之光|天下|公园|[一二三四五\d]期|壹号|世家|时代|新村|公馆|广场|中心|社区|名邸|华庭|佳苑|半岛)"
_NO_AMOUNT = r"(?![0-9元块]|件|个|天|年|月)"
_PUT = "帮我|麻烦|快递|包裹|驿站|在|放|放在|放到|送到|到|寄到|存在|存放|就是|是|去|给我|我的"
CHINESE = tuple(
    re.compile(p, _I)
    for p in (
        # a chain of places, then a road, an estate, a village
        rf"(?:{_PROVINCE}(?>(?>{_PLACE}){{1,5}})|{_PROVINCE}(?>(?>{_PLACE}){{1,2}})|(?>(?>{_PLACE}){{2,5}})|(?>(?>{_PLACE}){{2}})){_WAY}{_S}{_REST}",
        rf"{_PROVINCE}(?:{_PLACE})?{_WAY}{_S}(?={_NUM}\s?[号弄栋幢组座]){_REST}",
        # a road and a number on it
        rf"{_CHAIN}{_HAN}{{1,7}}?(?:[0-9]{{1,2}})?{_ROAD}\s?(?:[东西南北中]\s?[一二三四五六七八九]?段?|[一二三四五六七八九]段|[甲乙丙丁](?=\s?\d))?\s?(?:{_NUM}\s?[巷弄]\s?)?{_NUM}\s?(?:号|弄){_GOODS}(?:楼|院)?{_REST}",
        rf"{_HAN}{{1,7}}?(?<![知渠通味频管赛报难说力轨隧])道\s?{_NUM}\s?号{_GOODS}{_REST}",
        rf"(?:{_HAN}(?<![这那条了到走])){{2,6}}{_ROAD}(?:[东西南北中]段?)?\s?[0-9]{{1,4}}(?=$|[,。;!\n])",
        # an estate and a building in it, or a building and a flat alone
        rf"{_HAN}{{1,8}}?(?:{_ESTATE}|(?:[府城园庭湾居郡里坊院都](?={_S}{_NUM}\s?(?:号楼|栋|幢|单元))))\s?(?:[东南西北一二三四五六七八九ABC0-9]\s?[区期苑])?{_S}{_NUM}\s?(?:号楼|栋|幢|座|单元|室|弄|层|楼|号{_GOODS}){_REST}",
        rf"{_HAN}{{2,8}}?(?:(?<![这那整])大楼|办公楼|商务楼|综合楼|商城|酒店|宾馆|大院)\s?(?:{_NUM}\s?(?:座|号楼|栋|幢|单元|[楼层](?=\s?[A-Z]?\d{{3,4}}))\s?)?(?:[A-Z]?\d{{3,4}}(?![0-9元块件年个人多平间]|房间)(?:室|房|号)?|(?<=[座栋幢]))",
        rf"(?<!{_HAN}){_HAN}{{3,8}}\s?\d{{1,3}}\s?(?:号楼|栋|幢)[\s,]{{0,2}}(?:[A-Z\d]{{1,2}}\s?单元[\s,]{{0,2}})?\d{{3,4}}(?![0-9元块件个天])",
        rf"(?<![0-9A-Za-z])(?:{_NUM})\s?(?:号楼|栋|幢|橦|号院)[\s,\-]{{0,2}}(?:{_NUM}\s?单元[\s,\-]{{0,2}})?{_NUM}(?:\s?(?:室|号|户|楼|层|房|门))?{_NO_AMOUNT}",
        rf"(?<![0-9A-Za-z]){_NUM}\s?(?:单元|弄|支弄)[\s,\-]{{0,2}}{_NUM}\s?(?:室|号|户|楼|层|房|门)?{_NO_AMOUNT}",
        rf"(?<![0-9A-Za-z])[A-Z]?\s?[0-9]{{1,3}}\s?楼\s?[A-Z]?[0-9]{{3,4}}(?:室|房|号)?{_NO_AMOUNT}",
        r"(?<![0-9A-Za-z])[A-Z]?\s?[0-9]{3,4}\s?室",
        rf"(?<![A-Za-z])[A-Z]\s?座\s?{_NUM}(?:\s?(?:室|号|楼|层))?{_NO_AMOUNT}",
        r"(?<![0-9A-Za-z])(?-i:[A-Z])\s?[0-9]{0,2}(?:栋|幢|座)\s?[A-Z]?[0-9]{3,4}(?![0-9元块])",
        rf"(?<![0-9A-Za-z])[0-9]{{1,3}}\s?(?:#|层|号写字楼|号商铺?)\s?(?:楼\s?)?(?:{_NUM}\s?单元\s?)?[0-9]{{3,4}}(?:室|号)?{_NO_AMOUNT}",
        # a village and a group or a house in it
        rf"(?!我们|这个|那个|农)(?:{_CHAIN})(?:{_HAN}{{1,6}}?|[0-9]{{1,3}})(?:村|屯|庄|寨|社区|镇|乡|大队|沟)\s?{_HAN}{{0,4}}?\s?(?:第)?{_NUM}\s?(?:组|队|社|号院|排|连|[0-9]+号)(?!成|合|长|员|装|发|到){_REST}",
        rf"(?>(?>{_PLACE}){{1,5}}){_HAN}{{0,6}}?{_NUM}\s?(?:村|连|组|社)\s?(?:{_NUM}\s?(?:组|队|社|号))?(?!成|合|长|员|装){_REST}",
        rf"{_HAN}{{2,6}}?(?:村|屯|庄|寨|坝|冲|坪|塆|圩|堡|营|岭)\s?(?!1号链接){_NUM}\s?号{_GOODS}(?!楼)",
        rf"{_HAN}{{2,6}}(?:[村镇乡路街巷社店厂校](?:东头|西头|南头|北头|[村街巷路]口)?){_HAN}{{0,8}}?(?:后面|前面|对面|旁边|隔壁|往里走?|进去|左手边|右手边)的?{_HAN}{{0,2}}第?{_NUM}(?:家|户|排|间|栋|幢)(?!店|人)",
        rf"{_HAN}{{1,6}}(?:村|庄|屯|寨|大队)(?:东头|西头|南头|北头|村口|口)?第?{_NUM}家",
        # an estate and numbers with dashes or #, where nothing else says what they are
        rf"{_HAN}{{1,10}}{_ESTATE_END}\s?(?:[A-Z东南西北中一二三四五\d]\s?[区期座])?\s?(?:[A-Z]?\d{{1,3}}\s?[#\-—/]\s?)?[A-Z]?\d{{1,3}}\s?[#\-—/]\s?(?!(?:19|20)\d\d(?!\d))[0-9]{{3,4}}(?![0-9元块件])",
        rf"{_HAN}{{2,10}}(?:[A-Z东南西北中一二三四五]\s?[区期座])\s?\d{{1,3}}\s?(?:#|-|栋|幢|号楼?|楼)\s?(?:\d{{1,2}}\s?(?:-|单元|门))?\s?(?:\d{{1,4}}(?![0-9元块件])|别墅)?(?<!号)",
        rf"{_HAN}{{2,10}}(?<![号寸格径])\d{{1,3}}-\d{{1,2}}-(?!(?:19|20)\d\d(?!\d))\d{{3,4}}(?!\d)",
        rf"{_HAN}{{2,8}}?[园苑院庭府]\s?\d{{1,3}}号\s?\d{{3,4}}(?![0-9元块])",
        rf"{_HAN}{{1,8}}?(?:花园|小区|家园|山庄)\s?(?:[A-Z]\s?区)?\s?{_NUM}\s?号别墅",
        r"(?<![\d\-])\d{1,3}\s?#\s?楼?\s?\d{1,2}(?:-|单元)\d{3,4}(?!\d)",
        rf"(?<![\dA-Za-z\-])\d{{1,3}}-(?:\d{{1,2}}-)?(?!(?:19|20)\d\d(?!\d))\d{{3,4}}[\s,]{{0,2}}(?:万科|碧桂园|恒大|保利|绿地|龙湖|融创|中海|华润|绿城|{_HAN}{{1,8}}?{_ESTATE_END}){_HAN}{{0,6}}",
        r"(?:门牌号?|楼号|房号|房间号|家里?是|我住|住在?)[:是为\s]{0,3}(?P<s>[A-Z]?\d{1,4}(?:-\d{1,4}){0,3}(?:室|号)?)(?=$|[^\w\-])",
        rf"{_NUM}\s?(?:单元|栋|幢|号楼)[\s,]?{_NUM}\s?楼\s?[东西南北中]?[户门边]?",
        rf"{_HAN}{{0,8}}(?:住院[部楼]|[一二三四五六中人附]院|病[区房]|医院)\s?(?:{_NUM}\s?(?:号楼|病区|[楼层区])\s?){{0,2}}(?:{_HAN}{{1,6}}科|病[区房])?\s?(?:{_NUM}\s?[室房]\s?)?(?:[0-9]{{1,3}}|加[0-9]{{1,2}})\s?床(?![单垫品上褥])",
        rf"(?:{_NUM}\s?(?:号楼|[楼层])\s?)?{_HAN}{{1,5}}(?:科|病区|病房)\s?(?:{_NUM}\s?[室房]\s?)?(?:[0-9]{{1,3}}|加[0-9]{{1,2}})\s?床(?![单垫品上褥])",
        r"(?:宿舍楼?|公寓楼?|寝室|出租屋|公租房|民宿|员工楼)\s?(?P<s>[A-Z]?\d{1,3}-\d{3,4}|[A-Z]?\d{3,4})(?:室|号|房)?(?![0-9元块人间平米件年])",
        rf"{_HAN}{{0,8}}?(?<![0-9A-Za-z])[0-9]{{1,3}}\s?座\s?[0-9]{{1,3}}\s?楼\s?[A-H](?:室|座|单位)?(?![A-Za-z0-9])",
        r"(?:^|[放到住在送给是家址,:]\s?)(?P<s>(?<![\d\-/])[1-9]\d{0,2}(?P<d>[\-/])\d{1,2}(?P=d)(?!(?:19|20)\d\d(?!\d))[1-9]\d?[0-3]\d)(?=门口|业主|住户|室|户|家|,|。|\s|$|[收放])",
        rf"(?<!{_HAN})(?!这|那|在|家|房|城|夜|屋|车|盒|袋)(?:(?![在放到我你他的了是这那]){_HAN}){{2,6}}[里坊园苑]\s?[0-9]{{1,3}}\s?号?楼(?![0-9上下梯])",
        r"(?P<s>(?<!\d)[1-9]\d{2,3})(?=那户|这户|住户)",
        # a bed in a hospital; where parcels of an estate are kept
        rf"{_HAN}{{2,12}}医院\s?(?:{_HAN}{{1,8}})?(?:{_NUM}\s?(?:号楼|病区|[楼层室房栋])\s?){{0,3}}{_NUM}\s?床(?![单垫品上褥])",
        rf"(?<!{_HAN})(?:{_PUT}){{0,2}}(?P<s>(?!本|整个|各|每|老旧|高档|同|某|隔壁|楼下|快递|包裹|学[生校]|公司|员工|国家|大学城)(?:(?![在放到我你他这那的了是去给]){_HAN}){{2,8}}?(?:小区|花园|花苑|家园|公寓|新村|苑|大厦|广场|城|名邸|华庭|府|公馆|山庄|宿舍|学院|大学|村)(?:[东西南北正后侧]门|门口|楼下)?的?(?:菜鸟|妈妈|丰巢|快递|顺丰|兔喜|京东)?(?:驿站|快递柜|丰巢柜?|自提[点柜]|代收点|门卫室?|保安[室亭]|[门岗][岗亭]|值班室|传达室|物业(?:处|中心)?|便利店|收发室))",
        rf"(?:放在?|送到|寄到|寄存在?)(?P<s>(?:(?![在放到我你他这那的了是去给]){_HAN}){{3,8}}?[东西南北正后侧]门)(?=保安|门卫|岗亭|快递|驿站|就行|就好|,|。|$)",
        # where somebody lives or wants it put: an estate without a number
        rf"(?:家住|住在?|[放送寄搬]到|放在|送去|寄往|我在|我家在?|地址是?)(?P<s>(?!这|那|哪|你|我|他|门|楼下|驿站|快递)(?:(?![了的吗呢给]){_HAN}){{2,12}}?(?:小区|花园|花苑|家园|公寓|新村|苑|华府|名邸|公馆|山庄|嘉园|华庭|雅居|[城府园庭湾居郡里苑村](?=[一二三四五六七八九\d]\s?[期区])|(?<=[园苑里村城])(?=[一二三四五六七八九\d]区))(?:[一二三四五六七八九东西南北\dA-Z]\s?[期区])?)",
        rf"(?:我?家?住在?|家在)(?P<s>(?:(?![了的吗呢给在]){_HAN}){{2,6}}?(?:大道|大街|路|街|巷|胡同|弄|村|屯|镇|乡)(?![上边口的]))",
        rf"(?:菜鸟|妈妈|兔喜|丰巢|邻里)驿站(?P<s>(?:(?![了的吗呢给就在]){_HAN}){{2,8}}?店)",
        # a shop or a workshop by a village's entrance or on a road, where parcels are to go
        rf"(?:送到?|寄到?|放到?|发到)(?P<s>(?:(?![在到我你他这那的了是去给]){_HAN}){{2,6}}(?:村|庄|屯|堡|镇|乡|路|街|巷)(?:委会|口|部|头|里|[东西南北][头段])?(?:(?![在到我你他这那的了是去给]){_HAN}){{0,6}}(?:铺|店|厂|站|社|院|所|馆|超市|旁边?|对面|隔壁|委会))",
        rf"(?:{_PROVINCE}(?>(?>{_PLACE}){{0,5}})|(?>(?>{_PLACE}){{1,5}})){_HAN}{{1,6}}{_ROAD}(?:[东西南北中]段)?(?:(?![在到我你他这那的了是去给]){_HAN}){{2,10}}?(?:厂|店|公司|铺|院|站|所|馆|城|超市|中心)(?![在的到])",
        # a school, a hospital, a corner, what stands beside
        rf"(?<!{_HAN}){_HAN}{{2,4}}(?:坊|(?<!公)里|[一二三四五六七八九]条|营)\s?\d{{1,4}}\s?号{_GOODS}{_REST}",
        rf"{_HAN}{{2,8}}(?:酒店|宾馆|民宿|公寓)(?:\({_HAN}{{1,8}}\))\s?[A-Z]?\d{{3,4}}\s?(?:号房|房间|[房室])?(?![\d元块件])",
        rf"{_HAN}{{0,8}}(?:\d{{1,2}}\s?号?|[一二三四五六七八九十]{{1,2}})\s?公寓\s?(?:[A-Z东西南北]\s?区?)\s?\d{{3,4}}(?![\d元块件])",
        rf"{_HAN}{{1,8}}(?:校区|大学|学院)\s?{_HAN}{{1,2}}[一二三四五六七八九十\d]?[A-Z]?\d{{3,4}}(?![\d元块件年])",
        rf"{_HAN}{{0,8}}医院\s?(?:门诊|住院|急诊)[部楼]?\s?{_NUM}\s?[楼层]\s?{_HAN}{{1,6}}科",
        rf"{_HAN}{{2,12}}(?:项目部|工地)\s?{_HAN}{{0,4}}\s?\d{{1,3}}\s?号",
        rf"{_HAN}{{2,8}}(?:小学|中学|幼儿园|一中|二中|附小)\s?(?:[初高]?[一二三四五六七八九\d]年?级?)\s?[(]?\s?[一二三四五六七八九\d]{{1,2}}\s?[)]?\s?班",
        rf"(?:(?![的了在到寄放是]){_HAN}){{2,4}}[镇乡村](?:(?![的了在到寄放是]){_HAN}){{1,8}}(?:斜?对面|旁边|隔壁)(?:(?![的了在到寄放是]){_HAN}){{0,6}}[门院楼铺店]",
        rf"(?:{_HAN}{{1,10}}(?:大学|学院|中学|校区|学部|师大|职院|一中|二中)|[北清浙复南武人中川哈西同华东山厦][大旦工科京交](?=\s?[\u4e00-\u9fff]{{0,4}}校区|\s?[\u4e00-\u9fff]{{2,4}}\d)|[东西南北]区)\s?{_HAN}{{0,10}}?\s?(?:[A-Z]?\d{{1,3}}|[一二三四五六七八九十东南西北]{{1,3}})\s?(?:号?(?:学生)?(?:宿舍楼?|公寓|寝室|寝)|舍|斋|园|栋|幢|号?楼)\s?(?:[A-Z]?\d{{3,4}}[A-Z]?(?:室|寝室?)?)?",
        rf"{_HAN}{{2,8}}幼儿园\s?[大中小托]?[一二三四五六七八九\d]?班",
        rf"{_HAN}{{2,8}}\d{{1,3}}座\s?\d{{3,4}}(?![\d元块件个])",
        r"(?<!\d)[0-9一二三四五六七八九十]{1,3}\s?号?(?:舍|宿舍楼?|公寓楼?)\s?[A-Z]?\d{3,4}(?:室|寝室?)?(?!\d)",
        rf"{_HAN}{{2,15}}?(?:旁边?|隔壁|对面|楼下|东侧|西侧|南侧|北侧|斜对面)的?\s?(?!一[栋幢]){_NUM}\s?(?:号楼|栋|幢|单元){_GOODS}(?:底商|商铺|门面|门市|铺)?\s?\d{{0,4}}(?:室|号|铺)?",
        rf"{_HAN}{{1,7}}(?:大道|路|街)[\s.,]?(?:与|和|跟|交)[\s.,]?{_HAN}{{1,7}}?(?:大道|路|街)?[\s.,]?(?:交叉口|交汇处?|路口|交口|口)(?:[\s.,]?{_HAN}{{1,10}}?[\s.,]?{_NUM}\s?(?:号楼?|栋|幢|单元|座))?(?:[\s.,]?\d{{3,4}}(?!\d))?",
        rf"{_HAN}{{2,10}}{_ESTATE_END}\s?{_HAN}{{0,3}}?{_NUM}\s?(?:栋|幢|号楼|单元)\s?(?:{_HAN}{{1,4}}|\d{{1,4}})?",
    )
)  # fmt: skip
CUED = re.compile(
    r"(?:收货地址|收件地址|送货地址|家庭地址|家庭住址|居住地址|详细地址|新地址|地址|住址|我?家住|住在|家在)"
    r"(?:给我|改成|改为|换成|变更为|更改为|应该|就是|是|为|在|于|写的是|:|=|\s|到){0,3}"
    rf"(?P<s>(?!错|不对|不详|没|改|填|写|怎|有问|无|信息|哪|附近|酒店|宾馆)[^。;!?\n\[\],.]{{0,30}}?(?:(?:大道|路|街|巷|胡同|弄|村|镇|屯|庄|小区|花园|苑|公寓|大厦|家园|新村|园区|科技园|大学|学院|中学|小学|医院|宿舍|广场|社区)"
    rf"(?!口|上|边|没|不|人|的|门|里|酒店|宾馆|式|附近)|{_NUM}\s?(?:栋|幢|单元|室|号楼|弄|号)|\d{{1,3}}-\d{{3,4}}(?!\d))(?:{_S}{_REST})?)"
)  # fmt: skip
# words before an address: it begins behind the last of them
TRIM = re.compile(r"(?:收货地址|收件地址|地址|[到往在是去给从于址住寄送发为叫把请离让:,])(?=.{2})")

_STREET = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Terrace|Circle|Cir|Highway|Hwy|Parkway|Pkwy|"
    r"Square|Sq|Close|Crescent|Gardens|Grove|Mews|Hill|Trail|Row|Loop|Nagar|Marg|Colony|Layout|Cross|Main|Enclave|Vihar|Extension|County Road)"
)
_PLAIN_WORD = r"(?!(?:the|a|an|of|on|in|for|to|my|this|that|and|or|is|was|by|per|days?|weeks?|months?|years?|hours?|minutes?|times?|sets?|pcs|pieces?|lane|way|miles?|m|km|cm|mm|inch|star|stars|Hours?|Pieces?|Packs?|Sets?|Days?|Pcs|x|long|more|other|different)\b)"
_UNIT = r"(?:(?:Apt|Apartment|Unit|Suite|Ste|Flat|Floor|Fl|Room|Rm|Bldg|Building|#)\.?\s{0,2}(?:No\.?\s{0,2})?#?\s?[\w\-]{1,7})"
_TOWN = r"(?:,?\s{1,3}[A-Z][A-Za-z.'\-]{1,20}(?![A-Za-z\d])){1,4}"
_ZIP = r"(?:,?\s{0,3}(?:[A-Z]{2}\s{1,2}\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|\d{5,6}|[A-Z]\d[A-Z]\s?\d[A-Z]\d))"
_CAP = r"[A-ZÀ-ÞĀ-ſẠ-ỹ][\w'’.\-]{1,24}"
_EDGE = r"(?<![A-Za-z0-9_\u00c0-\u024f])"  # a word's beginning, behind a Chinese character too
LATIN = tuple(
    re.compile(re.sub(r"(?:^|(?<=\?i:)|(?<=\|))\\b", lambda _: _EDGE, p))
    for p in (
        # a number, then a street: the usual order in English
        rf"(?:{_UNIT}[,/]?\s{{0,3}})?(?:\bNo\.?\s{{0,2}})?(?<![\d.:])\d{{1,5}}[A-Za-z]?(?:[\-/]\d{{1,4}})?,?\s{{1,3}}(?:[NSEW]{{1,2}}\.?\s{{1,2}}|North\s|South\s|East\s|West\s)?(?:{_PLAIN_WORD}[A-Z0-9][\w'’\-]{{0,24}}\.?\s{{1,3}}){{1,4}}(?i:{_STREET})\b\.?(?:\s(?:[NSEW]{{1,2}}|\d{{1,3}})\b)?(?:,?\s{{0,3}}{_UNIT}){{0,3}}(?:,{_TOWN})?(?:,{_TOWN})?{_ZIP}?",
        rf"(?i:\b\d{{1,5}}[a-z]?\s{{1,3}}(?:{_PLAIN_WORD}[a-z][a-z'’\-]{{1,24}}\s{{1,3}}){{1,2}}(?:street|avenue|ave|road|rd|lane|boulevard|blvd|drive|st)\b(?:,?\s{{0,3}}{_UNIT}){{0,3}}(?:,\s{{0,3}}[a-z ]{{3,20}}(?:,?\s{{0,3}}\d{{5}})?)?)",
        r"(?i:\b(?:house|flat|apt|no\.?|unit)\s?\d{1,4}[a-z]?,?\s(?:[a-z'’\-]{2,20}\s){1,3}(?:street|avenue|ave|road|rd|lane|drive)\b)(?:,\s?[A-Za-z]{3,20})?(?i:\s[a-z]{1,2}\d[a-z\d]?\s?\d[a-z]{2}\b)?",
        r"\b[A-Z][a-z]{1,20}(?:\s[A-Z][a-z]{1,20}){0,2},\s[A-Z][a-z]{1,20}\s(?:Lane|Road|Street|Avenue|Drive|Close|Way),\s[A-Z][a-z]{2,20}(?:\s[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})?",
        # parts of a house, in English as written in Asia
        r"(?i:\b(?:Apt|Apartment|Flat)\.?\s{0,2}(?:No\.?\s{0,2})?#?\s?\d{1,4}\w?\b(?!\s?(?:inch|in|cm|mm|tv)\b)(?:,\s{0,3}[A-Z][\w .'\-]{2,40})?|\b(?:H\.?\s?No|D\.\s?No|House No|Plot No|Door No|Flat No)\.?\s?:?\s?[\d\w/\-]{1,12}(?:,\s{0,3}[A-Z][\w .'\-]{2,30}){0,4}(?:\s?-?\s?\d{6})?)",
        r"(?i:\b(?:Room|Rm|Unit|Suite)\.?\s{0,2}\w{1,6},\s{0,3}(?:(?:Building|Bldg|Block|Tower|Floor|No)\.?\s{0,2}\w{1,6}|\d{1,5}\s)(?:,?\s{0,3}[A-Z0-9][\w.'\-]{0,24}){0,8})",
        r"(?:(?<=^)|(?<=[\s,:]))#\d{1,2}-\d{2,4}\b|\bBl(?:k|ock)\.?\s\d{1,4}[A-Z]?\b(?!\s(?:pcs|pieces|sets?|packs?)\b)(?:,?\s[A-Z][\w'.]{1,20}){0,5}(?:\s\d{1,3}\b)?(?:,?\s#\d{1,2}-\d{2,4})?(?:,?\s(?:Singapore|S)\s?\d{6})?",
        rf"#?\b[A-Z]{{0,2}}-?\d{{1,5}}(?:[\-/]?[A-Z0-9]{{1,4}})?(?:,|(?<=/\d))\s(?:{_CAP}\s){{1,4}}(?i:Apartments?|Apts?|Nagar|Colony|Society|Towers?|Residency|Enclave|Vihar|Layout|Heights|Villas?|Complex|Sector \d{{1,3}}|Main|Cross|Moo \d)\b(?:,\s[\w .'\-]{{2,30}}){{0,4}}",
        r"\b(?:Lot|Plot|Sector|Ward|Phase|Block|Blk|Brgy|Barangay|Purok|Sitio|Moo|Mooban)\.?\s(?:No\.?\s)?[A-Z0-9\-]{1,6}(?:,\s|\s(?=Block|Blk|Sector|Phase|Brgy|Barangay))(?:(?:Block|Blk|Sector|Phase)\.?\s\w{1,6},?\s)?(?!Box)[A-Z][\w.'\-]{2,24}(?:,?\s[A-Z0-9][\w.'\-]{0,24}){0,6}",
        rf"(?i:\b(?:Jl|Jln|Jalan|Gang|Gg|Lorong|Lrg|Soi|Thanon|Kampung|Taman)\b)\.?\s(?:{_CAP}\s){{0,3}}(?:{_CAP}|\d{{1,3}}/?\d{{0,3}})(?:,?\s(?:No\.?\s?)?\d{{1,4}}\w?)?(?:,\s[\w .'\-]{{2,30}}){{0,3}}",
        r"(?i:\b(?:Số|Ngõ|Hẻm|Đường)\b|(?=\d{1,4}\s[^\W\d_a-zA-Z]|\d{1,4}\s[A-Z]\w{0,9}[^\W\da-zA-Z_]))[^.;!?\n\[\]]{3,60}(?:Quận|Phường|Hà Nội|TP\.?\s?HCM|Hồ Chí Minh|Đà Nẵng)(?:\s\d{1,2})?",
        r"(?i:\bP\.?\s?O\.?\s?Box\s{1,3}\d{1,6}(?:,\s{0,3}[A-Z][\w .'\-]{2,30})?|\b(?:RR|HC)\s?\d{1,3}\sBox\s\d{1,5})",
        r"\b[A-Z][a-z]{1,24}(?:\s[A-Z][a-z]{1,24}){0,2},?\s{1,2}[A-Z]{2,3}\s{1,2}(?:\d{5}(?:-\d{4})?|\d{4})\b",
        rf"\b\d{{1,5}}\s{_CAP}(?:\s{_CAP}){{0,2}},\s(?:[A-Z][a-z]{{1,20}}\s?){{1,3}},?\s[A-Z]{{2}}\s\d{{5}}\b",
        r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b(?=[\s,.]|$)",
        rf"\b\d{{1,4}}\s{_CAP}(?:\s{_CAP}){{0,3}},\s(?:District|Ward|Quan)\s\d{{1,2}}\b",
        r"(?i:\bpackstation\s?\d{1,4}\b|\bpostnummer\s?\d{6,10}\b)",
        r"\b(?:Vill(?:age)?|V\.?P\.?O|P\.?O|Post|Teh(?:sil)?|Mouza|Mohalla|Gali|Ward)\.?\s(?!Box|Code)[A-Z][a-z]{2,20}(?:,\s(?:PO|P\.O\.|Post|PS|Teh(?:sil)?|Dist|Ward)\.?\s[A-Z][a-z]{2,20}){1,4}",
        rf"\b\d{{1,4}}(?:/\d{{1,4}}){{1,3}}[A-Z]?\s{_CAP}(?:\s{_CAP}){{1,3}}(?:,\s(?:P|Q|F|Phường|Quận)\.?\s?\w{{1,12}}){{0,2}}",
        rf"\b(?:Beco|Ladeira|Alameda|Pra[çc]a|Estrada|Rodovia|Servid[ãa]o|Vila|Quadra|Rua|Loteamento|Ruelle|Sentier|Strada|Vicolo|Callej[óo]n|Pasaje|Privada|Cerrada)\s(?:d[aoe]s?\s)?{_CAP}(?:\s{_CAP}){{0,3}},?\s(?:n[º°.]?\s?)?\d{{1,5}}\b",
        r"\bHouse (?:No\.? )?\d{1,4}[A-Z]?,? (?:Street|St|Lane|Road|Gali)\.? (?:No\.? )?\d{1,3}(?:,\s[A-Z]-?\d{1,2}(?:/\d)?)?",
        r"(?i:\b(?:unit|room|rm|suite|apt|apartment|flat)\b\.?\s?#?\d{3,4}[a-z]?\b)(?=\s?(?:$|[,.;:!?)\n]|(?:and|at|in|on|of|please|pls|thanks|but|for)\b))",
        rf"(?:{_CAP}\s){{0,4}}(?i:\bblo[ck]k?\s[a-z]{{1,2}}\s?\d{{0,3}}\s?[,/]?\s?no)\.?\s?\d{{1,4}}\b",
        rf"\b(?:Gedung|Graha|Menara|Wisma|Apartemen|Ruko|Perum(?:ahan)?|Komplek|Kost?)\s(?:{_CAP}\s?){{1,4}}(?:,?\s?(?i:lt|lantai|blok|no|unit|tower|kav)\.?\s?[\w/]{{1,5}}){{1,3}}",
        rf"\b\d{{1,4}}[A-Z]?\s{_CAP}(?:\s{_CAP}){{0,2}},\s(?:{_CAP}\s?){{1,2}},?\s[A-Z]{{1,2}}\d[A-Z\d]?\b",
        rf"(?i:\b(?:unit|no|lot)\b\.?)\s\d{{1,3}}[A-Z]?-\d{{1,3}}[A-Z]?(?:-\d{{1,3}}[A-Z]?)?,\s(?:{_CAP}\s?){{1,4}}(?:[A-Z]\b)?",
        r"\bPSC\s\d{1,4},?\sBox\s\d{1,5}(?:,\s(?:APO|FPO|DPO)\s[A-Z]{2}\s\d{5})?",
        r"(?i:\b(?:ngõ|hẻm|ngách|số nhà|kiệt))\s\d{1,4}\S{0,6}(?:\s[A-ZĐ]\S{1,10}){1,3}(?:,\s(?:số|nhà)\s\d{1,4})?",
        # a street, then a number: German, Dutch, Nordic, French, Romance
        r"(?i:\b[A-ZÄÖÜ][a-zäöüß\-]{1,24}(?:\s?straße|\s?strasse|\s?str\.?|weg|platz|allee|gasse|ring|damm|ufer|hof|markt|gracht|straat|laan|plein|kade|dijk|singel|gatan|gata|vägen|vej|gade|veien|katu)\s{0,2}\d{1,4}(?:\s?-?(?:[a-z]|[ivx]{1,3}|bis|hs))?\b(?:,?\s{0,3}(?:[A-Z]{1,2}-)?\d{4,5}(?:\s?[A-Z]{2}\b)?\s{1,3}[A-ZÄÖÜ][a-zäöüß]{1,24})?)",
        r"\b(?:An der|Am|Im|In der|Auf der|Auf dem|Zum|Zur|Unter den|Alte|Alter|Neue|Neuer|Große|Lange|Kurze|Obere|Untere)\s[A-ZÄÖÜ][a-zäöüß\-]{2,24}(?:\s[A-ZÄÖÜ][a-zäöüß\-]{2,24})?\s\d{1,4}[a-z]?\b(?:,\s(?:\d{4,5}\s)?[A-ZÄÖÜ][a-zäöüß]{2,24})?",
        r"(?i:\b\d{1,4}(?:\s?bis|\s?ter)?,?\s{1,3}(?:rue|avenue|av\.?|boulevard|bd\.?|place|chemin|allée|impasse|quai|cours|route|passage|square(?!\s(?:met|f[eo]{2}t|inch|cm))|ruelle|faubourg)\s{1,3}(?:de\s|du\s|des\s|la\s|le\s|l['’]|de la\s){0,3}[A-ZÀ-Ý][\w'’\-à-ÿ]{1,24}(?:\s[A-ZÀ-Ý][\w\-à-ÿ]{1,24}){0,3}(?:,?\s{0,3}\d{5}\s{1,3}[A-ZÀ-Ý][\w\-à-ÿ]{1,24})?)",
        r"\b(?:(?i:calle|rua|avenida|avda\.?)|C/|[Vv][ií]a(?!\s[A-Z]{2,7}\b)|[Vv]iale|[Pp]iazza|[Cc]orso|Largo|Vicolo|Travessa|Av\.|Carrer|Plaza|Paseo|Camino|Gran|ul\.)\s{0,2}(?:[A-ZÀ-Ý][\w'’\-à-ÿ]{1,24}\s?|de\s|la\s|del\s|da\s|do\s|das\s|dos\s){1,4},?\s?(?:n[º°.]\s?)?\d{1,4}\b(?:,?\s{0,3}\d{5}\s{1,3}[A-Z][\w\-à-ÿ]{1,24})?",
        r"\b(?!(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,7}\s)[A-ZÀ-Þ][\w'’.\-]{1,24}(?:\s[\w'’.\-]{1,24}){0,3}?\s\d{1,4}\s?[a-zA-Z]?,?\s{1,3}(?:(?:[A-Z]{1,2}-)?\d{5}|\d{4}\s?[A-Z]{2})\s{1,3}[A-ZÀ-Þ][\w\-]{2,24}",
        # a door, then a building; Turkish, Russian
        rf"\b(?:Room|Rm|Unit|Suite|Villa|Office|Shop|Flat|House|Door|Tower)\.?\s{{0,2}}(?:No\.?\s?)?(?:\d{{1,5}}[A-Z]?|[A-Z]\d{{0,4}}),\s{{0,2}}(?=[^;!?\n\[\]]{{2,60}}\b(?:{_STREET}|Plaza|Mansions?|Estate|Towers?|Building|Cent(?:er|re)|Park|Dubai|Abu Dhabi|Hong Kong|Kowloon|\d{{5,6}})\b)(?:{_CAP}|\d{{1,3}}/F)(?:\s[A-Z\d][\w.'\-]{{0,24}}){{0,4}},\s{{1,2}}{_CAP}(?:\s[A-Z\d][\w.'\-]{{0,24}}){{0,4}}",
        rf"\b(?:{_CAP}\s){{1,4}}(?:(?:Cad|Sok|Mah|Bulv)\.|Caddesi|Sokak|Sokağı|(?:Cad|Cd|Sok|Sk)(?=\sNo)),?\s?(?:No\s?[:.]?\s?)?\d{{1,4}}(?:[/\-]\d{{1,4}})?",
        r"\b(?:(?i:г(?:ород|\.)?\s?[а-яё\-]{2,25},\s?(?=ул|пр|пер|наб|ш|бул|б-р))?(?i:ул|улиц[аеыу]|пр-?т|проспект|пер|переулок|наб|шоссе|бул|б-р)\b\.?\s?(?i:[а-яё\-]{2,25}(?:\s[а-яё\-]{2,25})?,?\s?(?:д(?:ом)?\.?\s?)?\d{1,4}[а-я]?(?:[\s,]{1,2}(?:кв|корп|к|стр|под|эт|оф)[а-я]{0,8}\.?\s?\d{1,4}){0,3}(?:,\s?[а-яё\-]{3,25})?(?:,?\s?\d{6})?))",
        # whatever has a number and follows words for an address
        r"(?i:\b(?:my (?:home |new |shipping |delivery )?address is|address|ship(?:ped)? (?:it )?to|deliver(?:ed)? (?:it )?to|i live (?:at|on|in)|living at|resid(?:e|ing) at|alamat|địa chỉ|dirección|adresse|indirizzo|endereço))[\s:]{1,3}(?P<s>(?=[^.;!?\n\[\]\d]{0,60}\d{1,6}+(?!(?:\s?-\s?\d{1,3})?\s?(?:business |working )?(?:days?|weeks?|months?|years?|hours?|hrs|min|times?|pcs|pieces?|items?|units?|people|percent|%)))(?:No\.?\s?)?[A-Z0-9][^;!?\n\[\]]{6,90}?(?:\d{4,6}\b|(?=\.\s|\.$|$|[;!?\n\[])))",
        r"(?i:\b(?:post ?code|postal code|zip(?: ?code)?|pin(?: ?code)?|plz))[\s:is]{0,4}(?P<s>\d{5,6}(?:-\d{4})?|(?i:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}))(?![\dA-Z])",
    )
)  # fmt: skip

# what goes on behind a Chinese address: a building's name and the numbers of flats
_TAIL_HAN = re.compile(
    rf"(?:(?:{_HAN}{{2,8}}(?=[A-Z]?\d)|[\s/]{{0,3}}\({_HAN}{{2,10}}\)|[\s/、\-(]{{0,3}}(?:之(?=\d)|[,]\s?(?=[^,。]{{1,6}}(?:[室楼层户单]|\s?[栋幢座]))|))"
    rf"[\s/]{{0,2}}(?:[A-Z]?(?<!\d)\d{{1,4}}[A-Z]?(?:\s?[\-—#/之]\s?[A-Z]?\d{{1,4}}(?!\d)){{0,3}}|[一二三四五六七八九十]{{1,3}}(?=[号栋幢座单室楼层]))(?:号楼?|栋|幢|座|单元|室|楼|层|户|房)?(?:之\d{{1,3}})?(?![\d元块件个天年月日点时折%级次包:.*×kKmMcCgG]|\s?(?:[元块件个双条]|ml|cm|kg|\d))){{1,4}}"
)


def whole_han(text: str, end: int) -> int:
    """Where a found Chinese address ends with the flat that is written behind it.

    >>> whole_han("星湖街328号创意园8-B402，谢谢", 7)
    16
    """
    tail = _TAIL_HAN.match(text, end)
    return tail.end() if tail else end


_EAST = r"[\u3041-\u30ff\u4e00-\u9fff々]"
JAPANESE = tuple(
    re.compile(p)
    for p in (
        rf"{_EAST}{{2,20}}\d{{1,2}}丁目(?:\s?\d{{1,4}}(?:[-番の号]\s?\d{{0,4}}){{0,3}})?(?:\s?{_EAST}{{2,12}}\s?\d{{2,4}}(?:号室?)?)?",
        rf"{_EAST}{{1,8}}[市区町村郡]{_EAST}{{1,12}}?\d{{1,4}}(?:-\d{{1,4}}-\d{{1,4}}|番地?\d{{0,4}}|条[东西南北]?\d{{1,3}}(?:丁目)?(?:[\d\-]{{1,8}})?)(?:\s?{_EAST}{{2,12}}\s?\d{{2,4}}(?:号室?)?)?",
        r"(?:东京都|大阪府|京都府|北海道|[\u4e00-\u9fff]{2,3}県)[^\s\d,。;!?\n\[\]]{2,20}\d{1,4}(?:\s?(?:丁目|番地?|号|[\-の])\s?\d{0,4}){1,3}(?:[^\d,。;!?\n\[\]]{0,20}\d{1,4}号室?)?",
    )
)  # fmt: skip
NATIVE = tuple(
    re.compile(p)
    for p in (
        r"[\u3041-\u30ff]{2,12}\s?\d{2,4}号室|〒\s?\d{3}-?\d{4}",
        r"[가-힣]{2,8}(?:[시도])?\s(?:[가-힣]{1,6}[시구군]\s){1,2}(?:[가-힣0-9]{1,10}[읍면동가]\s)?(?:[가-힣0-9]{1,10}(?:로|길|동|리))?\s?\d{1,4}(?:-\d{1,4})?(?:번지)?(?:[,\s]{1,2}[가-힣0-9\-]{0,10}(?:[동호층]|아파트|빌라)){0,4}",
        r"\d{1,4}동\s?\d{2,4}호",
        r"(?:住所|お?届け先|주소|배송지|[Аа]дрес(?: доставки)?|[Жж]иву(?: на| в| по)?|[Пп]роживаю(?: по)?|पता|ที่อยู่(?:จัดส่ง)?|العنوان|عنوان)\s?(?:は|는|은|है|คือ|:|\s){1,3}(?P<s>(?!変更|变更|변경|错|違|ผิด)[^;!?。\n\[\]]{2,70}\d[^\s;!?。,\n\[\]]{0,8})",
        r"ซอย\s?[\u0e01-\u0e4e]{2,20}\s?\d{0,3}(?:\s?บ้านเลขที่\s?\d{1,4}(?:/\d{1,4})?)?|บ้านเลขที่\s?\d{1,4}(?:/\d{1,4})?",
        r"\d{1,4}(?:/\d{1,4})?\s?(?:หมู่|ซอย|ถนน|ม\.|ซ\.|ถ\.)[\u0e01-\u0e4e\s\d./]{2,60}",
    )
)  # fmt: skip

# a postal code; where a place is on the globe or the net
PLACES = tuple(
    re.compile(p)
    for p in (
        r"(?i:(?:c[óo]digo postal|code postal|codice postale|(?-i:CAP|CEP)|postleitzahl|kod pocztowy|почтовый индекс|индекс|\bpostnummer|kode pos|รหัสไปรษณีย์|우편번호)[\s:éesi]{1,4}(?P<s>\d{2,5}-\d{3}|\d{4,6}))(?!\d)",
        r"(?i:(?:定位|坐标|经纬度|\b(?:gps|lat(?:itude)?|location|coordinates|q=|ll=)|/@)[^\d\n]{0,8}(?P<s>-?\d{1,3}\.\d{3,8}\s?[,/ ]\s?-?\d{1,3}\.\d{3,8}))|(?<![\d.])-?\d{1,2}\.\d{4,8},\s?-?\d{1,3}\.\d{4,8}(?!\d)",
        r"(?i:经度|纬度|longitude|latitude|\blat|\blng|\blon)[\s:是=]{0,3}(?P<s>-?\d{1,3}\.\d{3,8})",
        r"(?i:\bip(?: address)?(?:地址)?(?:是| is|:|\s){0,3})(?P<s>(?!192\.168|10\.|127\.|0\.)\d{1,3}(?:\.\d{1,3}){3})(?![\d.])",
    )
)  # fmt: skip

_WORD = r"(?:[A-ZÀ-ÞĀ-ſƠƯẠ-ỹ][\w'’.\-]{0,24}(?!\w))"
_NO_PART = r"(?!(?:Please|Pls|Thanks|Thank|Thx|I|My|The|And|But|Call|Phone|Tel|Mobile|Cell|Contact|E-?mail|Regards|Order|Also|Not|No longer|We|You|It|Attn|WhatsApp|WeChat)\b)"
_FLOOR = r"(?:\d{1,3}(?:\.|st|nd|rd|th|º|ª|°|e|er|r|o|a|/F)(?!\d)(?:\s?[\w.º]{1,8}(?![\w.])){0,2})"
_DOOR = r"(?:(?i:piso|planta|puerta|portal|escalera|esc|interno|int|scala|apto|appt|apt|apartment|apartamento|bloco|b[âa]t(?:iment)?|[ée]tage|lgh|bus|kat|daire|D|RT|RW|m|lok|кв|top|st(?:iege)?|unit|suite|ste|flat|floor|room|tower|block|phase|sector|building|bldg|hinterhaus|vorderhaus|no)\b\.?:?\s?#?[A-Z]?\d{0,5}[A-Z]?(?!\w)|#\d{1,2}-\d{2,4})"
_CODE = r"(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d|(?:[A-Z]{1,2}-)?(?:\d{5}-\d{3,4}|\d{2}-\d{3}|\d{3}\s\d{2,3}|\d{4}\s[A-Z]{2}|\d{4,6}))(?![\w\-])"
_PLACES = rf"(?:{_WORD}(?:\s(?:de|del|da|do|am|an der|im|la|el))?(?:\s{{1,2}}(?:{_WORD}|\d{{1,3}}(?![\w\-]))){{0,4}})"
_TAIL = re.compile(
    rf"(?:[\-/]\d{{1,4}}[A-Za-z]?(?!\w))?(?:\s?[,/\-–]\s{{0,2}}{_NO_PART}(?:{_FLOOR}|{_CODE}(?:\s{{1,2}}{_PLACES})?|{_DOOR}(?:\s\w{{1,3}}(?!\w))?|{_PLACES}(?:\s?[\-–]?\s?{_CODE})?)"
    rf"|\s{{1,2}}(?:{_CODE}(?:\s{{1,2}}{_NO_PART}{_PLACES})?|{_DOOR}(?<=\d)|(?:CHS|Society|Apartments|House|Complex|West|East|North|South)(?!\w)|{_NO_PART}(?:{_WORD}\s{{1,2}}){{1,3}}[\-–]?\s?{_CODE})){{0,8}}"
)
_HEAD = re.compile(
    rf"{_EDGE}(?:(?i:h\.?\s?no|house|flat|plot|door|villa|office|room|unit|shop|apt|no|the)\.?\s?(?:no\.?\s?)?:?\s?)?(?:#?\d{{1,5}}[A-Z]?(?:[\-/]\d{{1,5}}){{0,3}}|[A-Z]{{1,2}}-?\d{{0,5}}|#)(?:,\s{{0,2}}|\s{{1,2}}|(?<=[#\-]))(?:{_NO_PART}[A-Z0-9][\w'’.\-/]{{0,24}}[,\s]{{1,3}}){{0,6}}$"
)


def whole(text: str, start: int, end: int) -> tuple[int, int]:
    """From the door before a found part of a Latin address to the town and the postal code behind it.

    >>> text = "to B-204, Palm Court, 5 Lake Road, Pune 411001 please"
    >>> text[slice(*whole(text, 22, 33))]
    'B-204, Palm Court, 5 Lake Road, Pune 411001'
    """
    head, tail = _HEAD.search(text, max(start - 80, 0), start), _TAIL.match(text, end)
    return head.start() if head else start, tail.end() if tail else end
