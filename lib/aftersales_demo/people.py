"""Buyers: made-up nicks, names, telephone numbers and addresses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from aftersales_demo.moments import Ints

# province | weight | days on the road from the shop's warehouse in Zhejiang | city,districts…,postcode / …
PLACES = """
浙江省|9.5|1.6|杭州市,西湖区,余杭区,滨江区,310000/宁波市,鄞州区,海曙区,315000/温州市,鹿城区,瓯海区,325000
江苏省|9.5|1.8|南京市,鼓楼区,江宁区,210000/苏州市,吴中区,姑苏区,215000/无锡市,梁溪区,滨湖区,214000
广东省|11|2.8|广州市,天河区,番禺区,510000/深圳市,南山区,龙岗区,518000/佛山市,禅城区,顺德区,528000/东莞市,南城街道,虎门镇,523000
上海|5.5|1.5|上海市,浦东新区,闵行区,徐汇区,200000
北京|4.5|2.6|北京市,朝阳区,海淀区,丰台区,100000
山东省|7|2.5|济南市,历下区,市中区,250000/青岛市,市南区,崂山区,266000/临沂市,兰山区,河东区,276000
河南省|6.5|2.6|郑州市,金水区,中原区,450000/洛阳市,涧西区,西工区,471000/南阳市,卧龙区,宛城区,473000
四川省|5.5|3.4|成都市,武侯区,锦江区,610000/绵阳市,涪城区,游仙区,621000
湖北省|4.5|2.6|武汉市,武昌区,洪山区,430000/宜昌市,西陵区,伍家岗区,443000
湖南省|4.5|2.8|长沙市,岳麓区,雨花区,410000/株洲市,天元区,芦淞区,412000
河北省|4.5|2.7|石家庄市,长安区,裕华区,050000/保定市,竞秀区,莲池区,071000
福建省|4|2.6|福州市,鼓楼区,仓山区,350000/厦门市,思明区,集美区,361000
安徽省|4|2.1|合肥市,蜀山区,包河区,230000/芜湖市,镜湖区,弋江区,241000
江西省|2.6|2.4|南昌市,红谷滩区,青山湖区,330000/赣州市,章贡区,南康区,341000
陕西省|2.8|3.1|西安市,雁塔区,未央区,710000/咸阳市,秦都区,渭城区,712000
重庆|2.6|3.3|重庆市,渝北区,江北区,400000
辽宁省|2.6|3.2|沈阳市,和平区,铁西区,110000/大连市,甘井子区,沙河口区,116000
广西壮族自治区|2.2|3.4|南宁市,青秀区,西乡塘区,530000/柳州市,城中区,鱼峰区,545000
云南省|2|3.9|昆明市,五华区,盘龙区,650000
山西省|2|3.0|太原市,小店区,迎泽区,030000
黑龙江省|1.7|3.9|哈尔滨市,南岗区,道里区,150000
吉林省|1.4|3.7|长春市,朝阳区,南关区,130000
贵州省|1.6|3.7|贵阳市,云岩区,南明区,550000
天津|1.6|2.7|天津市,南开区,河西区,300000
内蒙古自治区|1|4.4|呼和浩特市,赛罕区,新城区,010000
甘肃省|1|4.2|兰州市,城关区,七里河区,730000
海南省|0.6|4.4|海口市,龙华区,美兰区,570000
新疆维吾尔自治区|0.8|6.4|乌鲁木齐市,天山区,沙依巴克区,830000
宁夏回族自治区|0.4|4.4|银川市,兴庆区,金凤区,750000
青海省|0.25|5.2|西宁市,城西区,城东区,810000
西藏自治区|0.12|7.0|拉萨市,城关区,堆龙德庆区,850000
"""
REMOTE = ("新疆维吾尔自治区", "西藏自治区", "青海省", "内蒙古自治区", "甘肃省", "宁夏回族自治区", "海南省")
# A prefix that, as far as we know, no carrier gives out: nobody can be called by mistake.
PHONE_PREFIX = "154"
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红梅雪琴晨宇欣怡佳琪梓涵思远嘉诚雨桐子墨若溪安然"
STREETS = [
    "文化路",
    "人民路",
    "建设路",
    "中山路",
    "解放路",
    "和平路",
    "新华路",
    "长江路",
    "学府路",
    "滨河路",
    "花园路",
    "迎宾大道",
    "振兴路",
    "青年路",
    "育才路",
]
ESTATES = (
    "云水湾", "锦绣苑", "翠竹园", "阳光城", "金桂花园", "和谐家园", "梧桐里",
    "碧波庭", "紫薇公寓", "丽景新村", "书香苑", "万福里", "晨曦小区", "枫林雅居",
)  # fmt: skip
NICKS = (
    "小鱼", "爱吃橘子的猫", "阿May", "tb", "慢慢来", "晴天娃娃", "山里的风", "一只团子", "豆豆妈",
    "南方有雨", "木子", "快乐星球", "淡淡茶香", "七月", "夏目", "t_", "奶茶三分糖", "大海啊",
)  # fmt: skip
LOCKER_SHARE = 0.12
HOMES_PER_LOCKER = 60
HOUSEHOLD_SHARE = 0.03


def _place_rows() -> pl.DataFrame:
    rows = []
    for line in PLACES.strip().splitlines():
        province, weight, days, cities = line.split("|")
        districts = [(c.split(",")[0], d, c.split(",")[-1]) for c in cities.split("/") for d in c.split(",")[1:-1]]
        rows += [(province, float(weight) / len(districts), float(days), *d) for d in districts]
    return pl.DataFrame(rows, schema=["province", "weight", "days", "city", "district", "postcode"], orient="row")


def _pick(values: Sequence[str], count: int, rng: np.random.Generator) -> pl.Series:
    return pl.Series(values).gather(rng.integers(0, len(values), size=count))


def people(count: int, *, rng: np.random.Generator, first: int = 0) -> pl.DataFrame:
    """So many buyers: nick, receiver, phone, province, city, district, street, postcode, days (on the road).

    Every eighth has parcels sent to a parcel shop shared with dozens of others; one in thirty lives with another buyer.
    Phones are distinct: they and the nicks count up from `first`, the phones in steps that look random.
    """
    places = _place_rows()
    place = rng.choice(len(places), size=count, p=(places["weight"] / places["weight"].sum()).to_numpy())
    streets = _streets(place, rng)
    # the other one in the household is the buyer before
    door = np.arange(count) - ((rng.random(count) < HOUSEHOLD_SHARE) & (np.arange(count) > 0))
    phones = [f"{PHONE_PREFIX}{n:08d}" for n in (np.arange(first, first + count) * 48_271) % 10**8]
    named = pl.DataFrame(
        {
            "nick": _nicks(count, first, rng),
            "receiver": _pick(list(SURNAMES), count, rng) + _pick(list(GIVEN), count, rng) + _second_given(count, rng),
            "phone": pl.Series(phones, dtype=pl.String),
        }
    )
    where = places[place[door]].select("province", "city", "district", "postcode", "days")
    return named.hstack(where).with_columns(street=streets.gather(door))


def _nicks(count: int, first: int, rng: np.random.Generator) -> pl.Series:
    # the counter in the middle keeps nicks distinct within one call, the random tail between calls
    tail = rng.integers(0, 100, size=count)
    return _pick(NICKS, count, rng) + pl.Series(np.arange(first, first + count) * 100 + tail).cast(pl.String)


def _second_given(count: int, rng: np.random.Generator) -> pl.Series:
    second = _pick(list(GIVEN), count, rng)
    return second.zip_with(pl.Series(rng.random(count) < 0.65), pl.Series([""] * count))


def _streets(place: Ints, rng: np.random.Generator) -> pl.Series:
    count = len(place)
    home = (
        _pick(STREETS, count, rng)
        + _drawn(1, 400, count, rng)
        + "号"
        + _pick(ESTATES, count, rng)
        + _drawn(1, 30, count, rng)
        + "栋"
        + _drawn(1, 4, count, rng)
        + "单元"
        + _drawn(1, 19, count, rng)
        + "0"
        + _drawn(1, 5, count, rng)
        + "室"
    )
    # two parcel shops a district where many buyers live, one where few do: each is shared by dozens of households
    shops = 1 + int(count * LOCKER_SHARE > HOMES_PER_LOCKER * (place.max() + 1) / 2)
    number = pl.Series(place * 2 + rng.integers(0, shops, size=count))
    locker = _pick_by(STREETS, number, 7) + _number(number, 37) + "号" + _pick_by(ESTATES, number, 5) + "菜鸟驿站"
    return home.zip_with(pl.Series(rng.random(count) >= LOCKER_SHARE), locker)


def _drawn(low: int, high: int, count: int, rng: np.random.Generator) -> pl.Series:
    return pl.Series(rng.integers(low, high, size=count)).cast(pl.String)


def _pick_by(values: Sequence[str], number: pl.Series, step: int) -> pl.Series:
    return pl.Series(values).gather((number * step) % len(values))


def _number(number: pl.Series, step: int) -> pl.Series:
    return (number * step % 397 + 1).cast(pl.String)
