"""The shelf of a made-up shop: products, what they can be bought as (SKUs), and their batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product as combinations

import numpy as np
import polars as pl

from aftersales_demo.spec import ShopSpec

BAD_BATCH_WEEKS = 5
# The merchant codes the planted faults hang on.
PLANTS = {
    "home": {"bad_batch": "ZT-1108", "size_chart": "SJ-1512", "broke_lately": "BW-0500", "packing": "DJ-0730",
             "chance": "JJ-1599", "office": "BW-0905", "trier": "SJ-1800"},
    "women": {"bad_batch": "QY-K301", "size_chart": "QY-D103", "broke_lately": "QY-T204", "packing": "",
              "chance": "QY-B699", "office": "QY-T201", "trier": "QY-D101"},
}  # fmt: skip
# Requests after receipt a line sold, and how likely a category's goods break or do not fit. Our guess, made to end at
# 8–12 % of orders for the home and 55–60 % for women's wear, all phases together (reference "f. Norms").
AFTER_RATE = {
    "枕头": 0.055, "被子": 0.060, "床品": 0.075, "灯具": 0.060, "收纳": 0.040, "小家具": 0.085, "杯壶厨具": 0.045,
    "卫浴清洁": 0.040, "连衣裙": 0.44, "上衣": 0.35, "裤装": 0.43, "外套": 0.45, "针织衫": 0.38, "半身裙": 0.41,
}  # fmt: skip
FRAGILE = ("灯具", "小家具", "杯壶厨具")
SUPPLIERS = ("棉语家纺", "安禾制品", "北岸工坊", "拾木家居", "清和日用", "远山针织", "白鹭制衣")


@dataclass(frozen=True)
class Goods:
    """Products and SKUs; a SKU's row names its product by row number."""

    products: pl.DataFrame  # product, product_id, category, title, code, price_fen, popularity, launched, supplier, …
    skus: pl.DataFrame  # sku, product, code, properties, price_fen
    batches: pl.DataFrame  # product_id, category, batch, supplier, unit_cost, merchant_code, from_day

    def product_of(self, code: str) -> int:
        """The row number of the product with that merchant code."""
        return int(self.products.filter(pl.col("code") == code)["product"][0])

    def skus_of(self, code: str) -> list[int]:
        """The row numbers of the SKUs of the product with that merchant code."""
        return self.skus.filter(pl.col("product") == self.product_of(code))["sku"].to_list()


def shelf(spec: ShopSpec, *, rng: np.random.Generator) -> Goods:
    """The products of the shop with their SKUs and batches; ids are 12 digits and come from the random stream."""
    rows = [r.split("|") for r in (HOME_SHELF if spec.goods == "home" else WOMEN_SHELF).strip().splitlines()]
    count = len(rows)
    ids = 620_000_000_000 + np.sort(rng.choice(300_000_000, size=count, replace=False)) * 1_000
    ids += rng.integers(0, 1_000, size=count)
    late = rng.random(count) < 0.12  # some products are new: they came in the last year
    launched = np.where(late, rng.integers(7 * spec.weeks // 2, 7 * spec.weeks - 20, size=count), 0)
    planted = set(PLANTS[spec.goods].values())
    products = pl.DataFrame(
        {
            "product": np.arange(count),
            "product_id": rng.permutation(ids).astype(str),
            "category": [r[0] for r in rows],
            "title": [f"{r[1]} {r[2]}" for r in rows],
            "code": [r[2] for r in rows],
            "price_fen": [round(100 * float(r[3])) for r in rows],
            "options": [r[4] for r in rows],
            "popularity": [float(r[5]) for r in rows],
            "launched": [0 if r[2] in planted else int(day) for r, day in zip(rows, launched, strict=True)],
            "supplier": [SUPPLIERS[i] for i in rng.integers(0, len(SUPPLIERS), size=count)],
            "cost_share": rng.uniform(0.32, 0.5, size=count).round(3),
            "after_rate": [AFTER_RATE[r[0]] for r in rows] * np.clip(rng.gamma(25, 1 / 25, size=count), 0.6, 1.5),
        }
    )
    skus = _skus(products)
    return Goods(products, skus, _batches(products, skus, spec))


def _skus(products: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for number, code, options, price in products.select("product", "code", "options", "price_fen").iter_rows():
        names = [(part.split(":")[0], part.split(":")[1].split(",")) for part in options.split(";")]
        for place, values in enumerate(combinations(*(values for _, values in names))):
            text = ";".join(f"{name}:{value}" for (name, _), value in zip(names, values, strict=True))
            step = 2_000 if len(names) > 1 and price > 15_000 and names[1][0] == "尺寸" else 0
            larger = names[1][1].index(values[1]) if len(names) > 1 else 0
            rows.append((number, f"{code}-{place + 1:02d}", text, price + step * larger))
    frame = pl.DataFrame(rows, schema=["product", "code", "properties", "price_fen"], orient="row")
    return frame.with_row_index("sku").with_columns(pl.col("sku").cast(pl.Int64))


def bad_batch_since(spec: ShopSpec) -> date:
    """The day from which the bad batch is shipped."""
    return spec.last_day - timedelta(days=7 * BAD_BATCH_WEEKS - 1)


def bad_sku(goods: Goods, spec: ShopSpec) -> int:
    """The SKU of the bad batch: the first one of its product."""
    return goods.skus_of(PLANTS[spec.goods]["bad_batch"])[0]


def _batches(products: pl.DataFrame, skus: pl.DataFrame, spec: ShopSpec) -> pl.DataFrame:
    """About three batches a product over the time of the simulation; best sellers also by SKU."""
    rows = []
    for p in products.iter_rows(named=True):
        cost = round(p["price_fen"] * p["cost_share"] / 100, 2)
        for step in range(3):
            day = spec.first_day + timedelta(days=int(7 * spec.weeks * (step / 3 + (p["product"] % 7) / 40 * step)))
            batch = f"{p['code'].replace('-', '')}-{day:%y%m}"
            rows.append((p["product_id"], p["category"], batch, p["supplier"], cost, "", day))
    bad = products.filter(pl.col("code") == PLANTS[spec.goods]["bad_batch"]).row(0, named=True)
    cost = round(bad["price_fen"] * bad["cost_share"] / 100 * 0.9, 2)
    for number, sku in enumerate(skus.filter(pl.col("product") == bad["product"])["code"]):
        for day, mark in ((spec.first_day, "A"), (bad_batch_since(spec), "B")):
            if mark == "B" and number:
                continue
            batch = f"{bad['code'].replace('-', '')}-{day:%m%d}{mark}"
            rows.append((bad["product_id"], bad["category"], batch, bad["supplier"], cost, sku, day))
    columns = ["product_id", "category", "batch", "supplier", "unit_cost", "merchant_code", "from_day"]
    return pl.DataFrame(rows, schema=columns, orient="row").sort("product_id", "merchant_code", "from_day")


# The made-up women's wear shop's shelf: category | title | merchant code | price | options | popularity.


_SIZES = "尺码:S,M,L,XL"
WOMEN_SHELF = f"""
连衣裙|法式茶歇碎花连衣裙 收腰显瘦|QY-D101|169|颜色分类:杏色,浅绿;{_SIZES}|6
连衣裙|缎面吊带长裙 垂感|QY-D102|199|颜色分类:香槟,黑;{_SIZES}|4
连衣裙|针织连衣裙 秋冬内搭|QY-D103|159|颜色分类:黑,焦糖;{_SIZES}|5
连衣裙|衬衫裙 通勤系带|QY-D104|179|颜色分类:白,蓝条;{_SIZES}|3
连衣裙|新中式盘扣旗袍裙|QY-D105|239|颜色分类:墨绿,月白;{_SIZES}|3
连衣裙|小黑裙 赫本风|QY-D106|189|颜色分类:黑;{_SIZES}|3
上衣|纯棉短袖T恤 宽松|QY-T201|59|颜色分类:白,黑,灰;{_SIZES}|7
上衣|法式方领衬衫 泡泡袖|QY-T202|109|颜色分类:白,浅蓝;{_SIZES}|4
上衣|雪纺衬衫 通勤垂感|QY-T203|99|颜色分类:白,杏;{_SIZES}|4
上衣|德绒打底衫 半高领|QY-T204|69|颜色分类:黑,燕麦;{_SIZES}|6
上衣|卫衣 加绒连帽|QY-T205|119|颜色分类:灰,奶白;{_SIZES}|5
上衣|防晒衫 冰丝开衫|QY-T206|79|颜色分类:白,浅紫;{_SIZES}|4
裤装|高腰阔腿牛仔裤|QY-K301|139|颜色分类:浅蓝,深蓝;{_SIZES}|7
裤装|西装裤 垂感直筒|QY-K302|129|颜色分类:黑,卡其;{_SIZES}|5
裤装|鲨鱼裤 收腹打底|QY-K303|69|颜色分类:黑;{_SIZES}|5
裤装|加绒运动裤 束脚|QY-K304|89|颜色分类:灰,黑;{_SIZES}|4
裤装|冰丝阔腿裤 夏季薄款|QY-K305|79|颜色分类:黑,米;{_SIZES}|4
外套|羊毛双面呢大衣|QY-W401|699|颜色分类:驼,黑;{_SIZES}|3
外套|轻薄羽绒服 短款|QY-W402|359|颜色分类:白,雾紫;{_SIZES}|4
外套|小香风外套 粗花呢|QY-W403|289|颜色分类:米白,黑;{_SIZES}|3
外套|风衣 中长款|QY-W404|329|颜色分类:卡其;{_SIZES}|3
外套|西装外套 韩版休闲|QY-W405|239|颜色分类:黑,灰;{_SIZES}|3
外套|牛仔外套 短款|QY-W406|179|颜色分类:蓝;{_SIZES}|2
针织衫|羊绒衫 圆领打底|QY-Z501|299|颜色分类:燕麦,酒红;{_SIZES}|3
针织衫|针织开衫 慵懒风|QY-Z502|129|颜色分类:奶白,雾蓝;{_SIZES}|5
针织衫|麻花毛衣 复古|QY-Z503|149|颜色分类:米,绿;{_SIZES}|4
针织衫|针织马甲 叠穿|QY-Z504|89|颜色分类:灰,驼;{_SIZES}|3
针织衫|冰丝针织短袖|QY-Z505|79|颜色分类:黑,白,粉;{_SIZES}|5
半身裙|百褶半身裙 高腰|QY-B601|99|颜色分类:黑,灰;{_SIZES}|4
半身裙|缎面鱼尾裙|QY-B602|119|颜色分类:香槟,墨绿;{_SIZES}|3
半身裙|牛仔半裙 A字|QY-B603|109|颜色分类:蓝;{_SIZES}|3
半身裙|孤品手工刺绣马面裙|QY-B699|399|颜色分类:藏青;尺码:M|0
"""


# The made-up home shop's shelf: category | title | merchant code | price | options | popularity.


HOME_SHELF = """
枕头|云感记忆棉枕 护颈慢回弹枕芯|ZT-1108|129|颜色分类:灰,白,米;尺寸:标准|17
枕头|决明子荞麦枕 全荞麦壳硬枕|ZT-1203|89|颜色分类:蓝格,灰格;尺寸:标准|4
枕头|乳胶波浪枕 泰国乳胶颈椎枕|ZT-1305|199|颜色分类:白;尺寸:低枕,高枕|5
枕头|儿童定型枕 透气可水洗|ZT-1410|79|颜色分类:小熊,小鹿;尺寸:30×50|3
枕头|抱枕靠垫 沙发客厅纯色|ZT-1502|39|颜色分类:墨绿,焦糖,雾蓝;尺寸:45×45|4
枕头|U型旅行枕 午睡飞机颈枕|ZT-1601|49|颜色分类:灰,藏青|2
枕头|羽丝绒枕芯 酒店同款一对装|ZT-1704|99|颜色分类:白;尺寸:标准|4
枕头|午睡趴睡枕 办公室|ZT-1803|45|颜色分类:浅灰,浅粉|1.5
被子|羽绒被 95白鹅绒冬被|YR-2240|899|颜色分类:白;尺寸:200×230,220×240|3
被子|大豆纤维被 四季通用|YR-2105|169|颜色分类:白,粉;尺寸:150×200,200×230|5
被子|夏凉被 水洗棉空调被|YR-2018|99|颜色分类:格灰,格蓝;尺寸:150×200,200×230|5
被子|蚕丝被 桑蚕丝子母被|YR-2330|599|颜色分类:白;尺寸:200×230|1.5
被子|毛毯 法兰绒加厚盖毯|YR-2411|69|颜色分类:驼,灰,酒红;尺寸:150×200|4
被子|婴儿豆豆毯 安抚盖毯|YR-2502|59|颜色分类:米白,奶黄;尺寸:100×130|2
被子|纯棉花被 新疆长绒棉|YR-2610|239|颜色分类:白;尺寸:200×230|1.6
床品|四件套 磨毛秋冬加厚|SJ-1800|259|颜色分类:雾灰,豆沙;尺寸:1.5m,1.8m|5
床品|全棉四件套 60支长绒棉|SJ-1620|329|颜色分类:白,浅蓝;尺寸:1.5m,1.8m|4
床品|纯棉床笠 席梦思防滑罩|SJ-1512|79|颜色分类:米白,浅灰;尺寸:1.2m,1.5m,1.8m|6
床品|竹凉席 可折叠双面席|SJ-1407|139|颜色分类:原竹;尺寸:1.5m,1.8m|3
床品|蚊帐 免安装蒙古包|SJ-1304|89|颜色分类:粉,白;尺寸:1.5m,1.8m|3
床品|法式被套 水洗棉单件|SJ-1211|119|颜色分类:奶油,抹茶;尺寸:200×230|2
床品|防水床垫保护罩|SJ-1109|69|颜色分类:白;尺寸:1.5m,1.8m|2
床品|加厚珊瑚绒床单|SJ-1006|75|颜色分类:灰,紫;尺寸:1.8m|1.5
灯具|北欧玻璃台灯 卧室床头灯|DJ-0730|159|颜色分类:琥珀,烟灰|5
灯具|LED护眼台灯 学生学习灯|DJ-0812|139|颜色分类:白,黑|5
灯具|感应小夜灯 充电款|DJ-0901|29|颜色分类:暖光,白光|5
灯具|落地灯 客厅氛围灯|DJ-0655|229|颜色分类:黑金,白金|2
灯具|吸顶灯 超薄卧室灯|DJ-0540|189|颜色分类:圆形,方形;尺寸:40cm,50cm|2.5
灯具|星空投影灯 生日礼物|DJ-0433|69|颜色分类:白,粉|2
灯具|串灯 房间布置彩灯|DJ-0321|19.9|颜色分类:暖白,彩色|2.5
收纳|真空压缩袋 8件套|SN-0101|39.9|颜色分类:透明|5
收纳|布艺收纳箱 衣物整理箱|SN-0212|45|颜色分类:灰,米;尺寸:66L,100L|5
收纳|抽屉式收纳柜 五层|SN-0325|189|颜色分类:白,灰|3
收纳|可折叠脏衣篮|SN-0418|35|颜色分类:白,粉,蓝|3
收纳|桌面化妆品收纳盒|SN-0507|49|颜色分类:透明,奶白|4
收纳|鞋盒 透明加厚6个装|SN-0614|59|颜色分类:透明,茶色|4
收纳|厨房置物架 免打孔|SN-0720|69|颜色分类:黑,白|3
收纳|挂衣架 防滑20只装|SN-0803|25|颜色分类:灰,粉|4
小家具|北欧实木床头柜|CT-0312|299|颜色分类:原木,胡桃|2.5
小家具|儿童学习椅 可升降|XY-0921|399|颜色分类:蓝,粉|2
小家具|懒人沙发 豆袋榻榻米|JJ-1021|269|颜色分类:墨绿,米白|2
小家具|折叠餐桌 小户型|JJ-1130|459|颜色分类:白橡,胡桃|1
小家具|简易书架 落地多层|JJ-1206|139|颜色分类:白,黑;尺寸:四层,五层|2
小家具|电脑桌 台式书桌|JJ-1315|219|颜色分类:橡木,黑橡;尺寸:100cm,120cm|1.5
小家具|换鞋凳 入户可坐|JJ-1408|159|颜色分类:米,灰|1.5
小家具|孤品手作木凳 榫卯小凳|JJ-1599|129|颜色分类:原木|0
杯壶厨具|真空保温杯 316不锈钢|BW-0500|89|颜色分类:白,黑,蓝;尺寸:500ml|8
杯壶厨具|玻璃冷水壶 耐高温|BW-0611|49|颜色分类:透明;尺寸:1.5L,2L|4
杯壶厨具|陶瓷餐具套装 16头|BW-0716|129|颜色分类:月白,青釉|3
杯壶厨具|不粘平底锅 麦饭石|BW-0828|119|颜色分类:米白,灰;尺寸:26cm,28cm|4
杯壶厨具|马克杯 办公室带盖|BW-0905|35|颜色分类:奶白,雾蓝|4
杯壶厨具|竹木砧板 双面防霉|BW-1012|59|颜色分类:原竹;尺寸:中号,大号|3
杯壶厨具|焖烧壶 大容量|BW-1120|139|颜色分类:白,绿;尺寸:1L|2
杯壶厨具|硅胶保鲜盖 6只装|BW-1203|22|颜色分类:透明|2.5
卫浴清洁|浴室防滑垫 淋浴房|FH-6090|39|颜色分类:灰,蓝;尺寸:60×90|5
卫浴清洁|加湿器 4L静音|JS-0401|129|颜色分类:白,绿|3.5
卫浴清洁|全棉浴巾 加大加厚|FH-6210|59|颜色分类:白,灰,粉|4.5
卫浴清洁|旋转拖把 免手洗|FH-6305|99|颜色分类:蓝,灰|4
卫浴清洁|免打孔毛巾架|FH-6411|45|颜色分类:银,黑|3
卫浴清洁|硅藻泥吸水地垫|FH-6502|35|颜色分类:浅灰,深灰;尺寸:40×60,50×80|5
卫浴清洁|洗衣机罩 防水防晒|FH-6608|42|颜色分类:灰格,绿叶|1.5
卫浴清洁|除湿袋 可挂式10包|FH-6715|29.9|颜色分类:白|3
"""
