"""Chinese names in running text: a run of characters is read as words, or as words and names.

A name costs its surname and the characters of its given name (by how many people bear them), a word its frequency, and a
name where nothing speaks of people costs more than beside a word for a person, a masked number or a sign. The cheapest
reading of the whole run decides, so that no list of words that only look like names is needed.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

_H = "\u4e00-\u9fff"
# what a text must hold for a name to be looked for in it
MAYBE = re.compile(r"[\u4e00-\u9fff]\s?[\u4e00-\u9fff]")
_RUN = re.compile(rf"[{_H}]+")
_SPACED = re.compile(rf"(?<![{_H}])[{_H}](?:\s[{_H}]){{1,2}}(?![{_H}])(?!\s[{_H}](?![{_H}]))")
# fmt: off
_COMPOUND = frozenset(
    "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 令狐 慕容 司徒 端木 南宫 夏侯 轩辕 长孙 宇文 独孤 闻人 申屠 鲜于 澹台 羊舌 完颜 呼延 百里 东郭 西门 纳兰 赫连 拓跋 濮阳 淳于 公冶 太史 钟离 仲孙 爱新 叶赫 南门 公羊 闾丘 亓官 司空 万俟 左丘 太叔".split()
)
# how names of minorities begin, and the characters that go on
_ABROAD = tuple(
    "阿依 阿不 阿卜 阿布 阿迪 阿孜 古丽 古力 买买提 麦麦提 艾力 艾买 艾合 木合 吐尔 巴特 扎西 卓玛 多吉 次仁 索南 格桑 乌云 其其 那仁 努尔 玉素 热合 尼加 尼玛 达瓦 旦增 丹增 洛桑 才让 帕提 帕尔 迪力 迪丽 穆罕 穆萨 萨吾 斯琴 娜仁 拉姆 仁青 央金 依布 伊布 图尔 苏日 呼格 巴图 孟和 朝鲁 阿木 阿拉 如克 凯赛 热依 茹仙 库尔 强巴 贡布 平措 边巴 米玛 阿旺 土登 艾尼 吾买 吾尔 亚森 玛依 赛买 哈斯 白玛 桑吉 普布 嘎玛 益西 德吉 阿合 沙拉 海日".split()
)
_SOUNDS = frozenset(
    "尤开里耶娜兰阿依不卜布迪孜古丽力买提麦艾合木吐尔巴特扎西卓玛多吉次仁索南格桑乌云其那努玉素热尼加达瓦旦增丹洛才让帕穆罕萨吾斯琴娜拉姆青央金伊图苏日呼孟和朝鲁如克凯赛茹仙库强贡平措边米旺土登亚森哈白普嘎益德江江古娅汗汉曼热赫买别克别江娅德什措旺堆顿珠曲珍杰太勒毕力哈斯其木格登"
)
# characters that nicknames double: 婷婷, 陶陶
_DOUBLED = "|".join(
    c * 2
    for c in "婷娜丽芳媛莉莎静倩颖佳欣雯琳琪瑶萱涵轩豪杰强伟涛鹏飞龙明亮晶晨阳洋洁雪冰梅兰燕玲珍苗甜糖豆果团圆圈陶桃乐欢笑贝宝毛朵朦依悠悦童彤星月妞萌苏"
)
_NO_WORDS = frozenset("李刘杨吴赵徐孙胡郭梁宋郑韩冯邓曹彭肖蔡潘董袁余蒋杜魏吕沈姚卢傅崔谭廖贾韦邱侯邹孟阎薛尹黎郝龚邵")
_UNKNOWN = 14.0  # a character that is no word by itself
_FAR, _LEAST = 10.0, -9.0  # what a name costs where nothing speaks of people, and at least
_ALONE = -3.0  # and three characters or more that are all that stands between two signs
_SIGN = re.compile(r"[\s,.;:!?()（）\[\]、。·_\-—/|\"'“”‘’「」【】~]|$")
_TWO, _THREE, _COMPOUND_COST = 2.0, 0.2, 7.0
_TITLES = ("先生", "女士", "小姐", "太太", "阿姨", "叔叔", "大爷", "大妈", "大姐", "大哥", "大叔", "大伯", "大婶", "大嫂", "嬢嬢", "孃孃", "阿婆", "阿公", "阿伯", "婶婶", "嫂子", "奶奶", "爷爷", "婆婆", "伯伯", "大娘", "处长", "科长", "村长", "老师", "师傅", "会计", "出纳", "队长", "班长", "组长", "店长", "站长", "护士", "警官", "教授", "教练", "局长", "书记", "秘书", "校长", "院长", "主管", "经理", "主任", "医生", "律师", "老板",
           "总", "姐", "哥", "叔", "姨", "婶", "嫂", "工", "爷", "妈")  # fmt: skip
_TITLE_BEGINS = frozenset(title[0] for title in _TITLES)
_LINK = r"(?:改成|改为|换成|变更为|更改为|应该是|应为|应当是|还是|还叫|登记的?|写的?是?|填的?是?|就是|不是|名字|姓名|同志|显示|是|为|叫|[=:\s,\-_—(（\"“'「【『])*"
_WHO = r"(?:(?:[收寄取提货件联系络签领购买订退汇付款转经手承申诉投当事开票负责监护投受益报关预订入住乘车被保险证代发件送派接出租]{1,3}|当事|负责|本)人|收[件货]方?|寄件|姓\s?名|名字|[真本大全实署签]名|户[名主]|落款|抬头|刻字|卡片?上?写|车主|[房业机失]主|租户|法人(?:代表)?|患者|病人|考生|旅客|乘客|持卡人|我叫|我是|[他她]叫|叫我?做?|名叫|人称|自称|我姓|联系|联络|签收)"
_ROLE = (
    r"(?:学[生员]|宝宝|孩子|儿子|女儿|老公|老婆|[妈爸]妈?爸?|朋友|同[事学]|室友|[弟妹哥姐]{1,2}|爱人|配偶|领导|媳妇|对象|闺蜜|邻居|先生|太太|[奶爷]{2}|[外]?[公婆]{1,2}|岳[父母]|舅舅|叔叔|阿姨|姑姑|父亲|母亲|老乡|亲戚|侄[子女]|外甥女?|新[娘郎]|财务|行政|人事|仓[管库]|质检|保洁|家[长人属]|"
    r"群主|团购|快递[员小]?哥?|[派配送揽][件送收货]员|小[哥妹姐伙]|骑手|司机|师傅|站长|团长|主播|专员|主管|店长|经理|组长|班长|保安|门卫|前台|物业|管家|房东|客服|售后部?|销售部?|财务部?|工程师|设计师|摄影师|化妆师|导购|店员|员工|律师|医生|护士|老师|教练|助理|主任|所长|院长|校长|老板娘?|掌柜的?|顾客|客户|买家|卖家|用户|会员|消费者|代表|[甲乙]方|其[夫妻子女父母]|不是|应[为是]|应该是|改[为成]|换成|[\u4e00-\u9fff][人员者师])"
)
_STRONG = re.compile(
    rf"(?P<who>{_WHO}|{_ROLE}(?=(?:名字|姓名)?(?:是|叫|为|[:：\s]|[(（“\"「『【])[\u4e00-\u9fff]*)){_LINK}"
)
_WEAK = re.compile(rf"{_ROLE}|[寄发转送交递退]给")
TELLS = re.compile(r"[人名叫姓主头款]|我是|[收寄]件|收货|联[系络]|签收|刻字|患者|代表")
_SMALL = frozenset(
    "叫价太长工按皮的了吗呢吧啊哦哈呀嘛亲哒咯喔噢呦呐啦不没未错对是有在我你他她它这那哪谁什怎要写填改换说都也还就已可能会须需必和与或被把给来去到上下里外中人家公客电话信号地址名字"
)
_VERBS = frozenset("给找被由让和跟与是叫问请致祝赠写姓为向对替帮刻名收签转告约及或派")
_OPENS = frozenset("“\"「『【(（《‘'—-_:·@&+~")
_LABEL = r"\[(?:手机号|电话|证件号|银行卡|账号|邮箱|地址|姓名)\]"
_LABEL_BEFORE = re.compile(rf"{_LABEL}[\s,:;、_\-/|(]{{0,3}}$")
# two to four characters that stand alone beside what is masked already: an address, a phone and who lives there
_BESIDE = re.compile(
    rf"(?:(?<=\])|(?<=\][\s,:、;|/])|(?<=\][,;:]\s))(?P<s>[{_H}]{{2,4}})(?:代?收)?(?=[\s,:;、|/]{{1,2}}(?:\[|电话)|\s?$)|(?:^|[\s,\"“:;、|/]|改寄)(?P<t>[{_H}]{{2,4}})(?:代?收)?(?=[\s,:;、|/]{{1,2}}\[(?:手机号|电话|地址)\])"
)
# what stands there as well and is nobody
_NO_PERSON = re.compile(
    r"谢|马上|包[邮裹装退换]|周[一二三四五六日末]|明[天日早晚]|[白黄金蓝]色|门[卫口岗]|麻烦|方便|安[排装全]|常用|全[天部]|单位|高新|万科|时间|连夜|水果|都|和|与|同|于|向|应|能|是|别|单|易碎|路口|房|成都|宁波|温州|江苏|江西|广西|海南|云南|贵州|辽宁|宁夏|甘肃|安徽|常州|荆州|柳州|桂林|连云|平安|花呗|钱|[\u4e00-\u9fff]{1,3}(?:[省市区县镇村路街巷店厂部楼门柜站院校司行]|快递)$"
)
_RIGHT = re.compile(
    rf"[\s,(]{{0,2}}(?:(?:{'|'.join(t for t in _TITLES if len(t) > 1 and t not in ('主任', '医生', '律师', '老板'))})(?![同女男]?[款装鞋包裤裙])|同志|同学|代?收(?![到货费据藏纳款入])|代[签领取]|签[收字名]|亲[启收]|敬启|本人|领取|来取|态度|[\s,:;、_\-/|]{{0,3}}(?:{_LABEL}|1[3-9]\d|\d{{3,4}}-)|的?(?:快递|包裹|订单|单(?![价品独号个位人双])|转账|电话|手机(?![壳膜套支架])|地址|名字|姓名|身份证|账[号户])|(?:而?不是|和|与|跟|、|改成|改为|→|写成)\[姓名\]|是?人名|转[)交给]|留(?!言|意)|[男女](?![装款鞋式士])|生日|新婚|[&❤♥])"
)
_AFTER = re.compile(
    r"[说讲话没把已打骂收签拒拿取要让来不催]|答应|承诺|负责|处理|名下|护照|夫妇|一家|申请|协商|反馈|投诉|回复|同意|表示|家[嘛吧里,，。]|小卖部|超市"
)
_EXTRA = (
    "包邮 旗舰店 好评 差评 退款 仅退款 秒退 发货 补发 客服 亲 亲亲 宝贝 尺码 色差 起球 掉色 物流 快递 顺丰 中通 圆通 申通 韵达 京东 淘宝 拼多多 抖音 小红书 丰巢 驿站 菜鸟 质检 破损 漏发 错发 多发 少发 运费险 金额 单号 微信 支付宝 "
    "花呗 优惠券 满减 双十一 直播间 下单 拍下 高颜值 收货 签收 拒收 退货 换货 保价 赠品 包装 商家 卖家 买家 店家 平台 介入 举证 凭证 纠纷 申诉 仓库 预售 现货 小心点 小哥 小妹 小弟 妹妹 小小 赞赞 断码 均码 大码 小码 卫衣 卫裤 打底裤 打底衫 连衣裙 半身裙 羽绒服 冲锋衣 防晒衣 睡衣 内裤 文胸 童装 女装 男装 凉鞋 拖鞋 板鞋 帆布鞋 双肩包 单肩包 斜挎包 手机壳 钢化膜 充电宝 数据线 保温杯 马克杯 床单 被套 四件套 枕套 窗帘 面膜 口红 唇釉 眼影 粉底液 气垫 防晒霜 洗面奶 精华液 洗发水 沐浴露 牙膏 纸巾 猫粮 狗粮 猫砂 奶粉 纸尿裤 白皮 白茶 明细表 推荐款 小红帽 祝老板 向经理 向店长 向主管 向老板 向老师 王守义 张小泉 李锦记 王老吉 周黑鸭 周大福 周大生 周六福 杨国福 李宁 马应龙 陈克明 王致和 李子柒 李佳琦 刘德华 周杰伦 肖战 王一博 邓紫棋 谢霆锋 余华 莫言 刘慈欣 鲁迅"
).split()
# fmt: on


@cache
def _lexicon() -> tuple[dict[str, float], frozenset[str], dict[str, float], dict[str, float]]:
    """What a word costs, which words are nouns, what a surname and a character of a given name cost."""
    sections: list[dict[str, float]] = []
    for line in (files("aftersales") / "sources/chinese_names.txt").read_text("utf-8").splitlines():
        cost, _, all_of_it = line.partition(" ")
        if cost == "#":
            sections.append({})
        else:
            sections[-1] |= dict.fromkeys(all_of_it.split(" ") if len(sections) == 3 else all_of_it, float(cost))
    surnames, given, brands = sections
    words, nouns = brands | dict.fromkeys(_EXTRA, 9.0), set()
    for line in (
        gzip.decompress((files("aftersales") / "sources/chinese_words.txt.gz").read_bytes()).decode().splitlines()
    ):
        cost, _, all_of_it = line.partition(" ")
        some = all_of_it.split(" ")
        words |= dict.fromkeys(some, float(cost.rstrip("n")))
        nouns |= set(some) if cost.endswith("n") else set()
    words |= dict.fromkeys(_NO_WORDS, _UNKNOWN)
    return words, frozenset(nouns), surnames, given


def chinese_names(text: str) -> Iterator[tuple[int, int]]:
    """Where names of people stand in a text in one spelling.

    >>> text = "昨天让李梦洁代收了，包装很好"
    >>> [text[a:b] for a, b in chinese_names(text)]
    ['李梦洁']
    """
    places = {m.start() for m in _begins().finditer(text)}
    strong = list(_STRONG.finditer(text)) if TELLS.search(text) else []
    if not places and not strong and "]" not in text:
        return
    cues = {m.end(): 9.0 for m in _WEAK.finditer(text)}
    for m in strong:
        cues[m.end()] = cues[m.end("who")] = 12.5
    beside = [m.span("s" if m["s"] else "t") for m in _BESIDE.finditer(text)]
    cues |= dict.fromkeys((start for start, _ in beside), 10.5)
    _, _, surnames, _ = _lexicon()
    yield from (at for at in beside if text[at[0]] in surnames and not _NO_PERSON.match(text[slice(*at)]))
    for pattern in (_RUN, _SPACED):
        for run in pattern.finditer(text):
            start, end = run.span()
            at = [i for i in range(start, end) if not text[i].isspace()]
            if pattern is _SPACED or not places.isdisjoint(at) or any(cues.get(i, 0) > 10 for i in at):
                yield from _read(text, at, cues)


@cache
def candidates() -> str:
    """A pattern of where a name may begin, or is said to: it leaves out most texts at once."""
    _, _, surnames, given = _lexicon()
    first = "".join(c for c, cost in surnames.items() if cost < 9)
    rare = "".join(c for c, cost in surnames.items() if cost >= 9)
    some = "".join(c for c, cost in given.items() if cost < 12)
    titles = f"(?:{'|'.join(_TITLES)})"
    starts = "|".join((*_COMPOUND, *_ABROAD))
    return rf"[{first}]\s?[{some}]|[{rare}](?:[{some}]{{2}}|{titles})|[小老阿大][{first}{some}]|[{some}][姐哥叔姨嫂婶]|[{first}]{titles}|{starts}|[{''.join(sorted(_SOUNDS))}]{{4}}|{_DOUBLED}"


@cache
def _begins() -> re.Pattern[str]:
    return re.compile(f"(?=(?:{candidates()}))")


def _read(text: str, at: list[int], cues: dict[int, float]) -> Iterable[tuple[int, int]]:
    """The names in one run of characters, whose places in the text are given."""
    words, nouns, surnames, given = _lexicon()
    run = "".join([text[i] for i in at])
    n = len(run)
    best, back = [0.0, *([1e9] * n)], [(0, False)] * (n + 1)
    for i in range(n):
        here = best[i]
        for j in range(i + 1, min(i + 4, n) + 1):
            cost = words.get(run[i:j])
            if cost is None:
                if j > i + 1:
                    continue
                cost = _UNKNOWN
            if here + cost < best[j]:
                best[j], back[j] = here + cost, (i, False)
        named: Iterable[tuple[int, float]] = _named(run, i, surnames, given)
        if cues.get(at[i], 0.0) > 10:
            named = [*named, *_unknown(run, i, words, surnames, given)]
        for j, cost in named:
            if here + cost + _LEAST < best[j]:
                total = here + cost + _context(text, at[i], at[j - 1] + 1, first=not i, last=j == n, cues=cues)
                if total < best[j]:
                    goods = any(run[j : j + k] in nouns for k in (2, 3))
                    sure = run[i] in _NO_WORDS or any(p.match(text, at[j - 1] + 1) for p in (_RIGHT, _AFTER))
                    total += 14 * (goods and not sure)
                if total < best[j]:
                    best[j], back[j] = total, (i, True)
    found, j = [], n
    while j:
        i, name = back[j]
        if name:
            found.append((at[i], at[j - 1] + 1))
        j = i
    return reversed(found)


def _named(  # noqa: PLR0912 - a branch a form of name
    run: str, i: int, surnames: dict[str, float], given: dict[str, float]
) -> Iterator[tuple[int, float]]:
    """Ends of what may be a name or a nickname from a place on, and what each costs."""
    if run.startswith(_ABROAD, i):
        end = i + 2
        while end < min(len(run), i + 8) and run[end] in _SOUNDS:
            end += 1
        yield end, 10 - 1.5 * (end - i > 3)
    here, following = run[i], run[i + 1 : i + 2]
    end = i
    while end < i + 8 and run[end : end + 1] in _SOUNDS:
        end += 1
    if end - i > 3 and len(set(run[i:end])) > 3:
        yield end, 13
    if here in "小老阿大" and following:
        nick = min(surnames.get(following, 99), given.get(following, 99) if here not in "老大" else 99)
        if nick < 9:
            yield i + 2, nick + 3
            if run.startswith(("儿", "子"), i + 2):
                yield i + 3, nick + 4
    if here in given:
        if here == following and here * 2 in _DOUBLED:
            yield i + 2, given[here] + 8
        if following and following in "姐哥叔姨嫂婶" and run[i + 1 : i + 3] not in ("哥哥", "姐姐", "叔叔", "姨妈"):
            yield i + 2, given[here] + 6
    if run[i : i + 2] in _COMPOUND:
        cost, first = _COMPOUND_COST, i + 2
        yield first, cost + 4
    elif here in surnames:
        cost, first = surnames[here], i + 1
    else:
        return
    one = given.get(run[first : first + 1])
    if one is not None:
        yield first + 1, cost + one + _TWO
        two = given.get(run[first + 1 : first + 2])
        if two is not None:
            yield first + 2, cost + one + two + _THREE
    for title in _TITLES if run[first : first + 1] in _TITLE_BEGINS else ():
        if run.startswith(title, first):
            yield first + len(title), cost + (4 if title == "师傅" else 1 if len(title) > 1 else 3)


def _unknown(
    run: str, i: int, words: dict[str, float], surnames: dict[str, float], given: dict[str, float]
) -> Iterator[tuple[int, float]]:
    """A name of an unknown surname, or made of no words at all, where a word leaves no doubt that a name follows."""
    costs = [given.get(c, 99) for c in run[i + 1 : i + 3]]
    if run[i] not in surnames and len(costs) == 2 and sum(costs) < 20 and run[i] not in _SMALL:
        yield i + 3, 11 + sum(costs)
    rest = re.sub("代?收$", "", run[i:])
    if (
        2 <= len(rest) <= 4
        and not _SMALL & set(rest)
        and not any(rest[k : k + 2] in words for k in range(len(rest) - 1))
    ):
        yield i + len(rest), 17.0


def _context(text: str, start: int, end: int, *, first: bool, last: bool, cues: dict[int, float]) -> float:
    cost = _FAR
    before = text[start - 1] if start else ""
    if start in cues:
        cost -= cues[start]
    elif before == "]" or (first and _LABEL_BEFORE.search(text, max(start - 8, 0), start)):
        cost -= 6
    elif first:
        cost -= 4.5 if before in _OPENS and before else 3.5
    elif before in _VERBS:
        cost -= 3
    if first and text.startswith(("[手机号]", "[电话]"), end):
        cost -= 7
    elif _RIGHT.match(text, end):
        cost -= 4
    elif last:
        cost -= 5.5 if cues.get(start, 0) > 11 else 2.5
    elif _AFTER.match(text, end):
        cost -= 1.5
    if first and last and end - start > 2 and start not in cues:
        cost += _ALONE * (_SIGN.match(before) is not None and _SIGN.match(text, end) is not None)
    return max(cost, _LEAST)
