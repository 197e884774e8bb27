"""The words that give a cause away: for each of the 18 reason groups, patterns in Chinese and English.

Written for the cold start, before a shop has labelled texts of its own. They read text as `text.normal_text` leaves
it. A pattern counts once a text; what a longer pattern says better weighs two.
"""

# ruff: noqa: E501 - the alternatives of a pattern stay on one line

from __future__ import annotations

from types import MappingProxyType

# cause → (patterns that say it by themselves, patterns that hint at it)
CAUSE_WORDS: MappingProxyType[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType({
    "no_reason": (
        (r"七天无理由|7天无理由|无理由退", r"不想要了|不要了|不喜欢|不需要了|用不上", r"changed my mind|no longer (?:need|want)|don't (?:need|want|like) it",
         r"不太合适|没有想象中"),
        (r"闲置|冲动", r"\bunwanted\b|not for me"),
    ),
    "wrong_order": (
        (r"拍错|多拍|买错|下错单|重复下单|拍多了", r"地址(?:写|填)错|电话(?:写|填)错|信息填(?:写)?错|选错", r"ordered (?:the wrong|by mistake|twice)|by mistake|wrong address|accidentally (?:ordered|bought)"),
        (r"重新拍|重拍", r"duplicate order"),
    ),
    "price_coupon": (
        (r"优惠券|满减|没用(?:上)?优惠|差价|价保|保价", r"降价|太贵|便宜了|涨价", r"price (?:drop|match|protection|difference)|coupon|voucher|cheaper|discount"),
        (r"红包没用|活动价", r"too expensive"),
    ),
    "late_ship": (
        (r"(?:没有?|不|未|还没|迟迟不|一直不|拖着不|超时)(?:给我?)?发货", r"延迟发货|发货(?:太|很|特别)?慢|虚假发货|小时内?发货|催发货", r"(?:not|n't|never)(?: \w+)? (?:yet )?(?:shipped|dispatched|sent out)|late (?:shipping|shipment|dispatch)|shipped late|still (?:processing|unshipped)"),
        (r"说好.{0,6}(?:发|寄)|什么时候发|违背承诺", r"promised to ship|dispatch"),
    ),
    "out_of_stock": (
        (r"缺货|没货|断货|无货|没有库存|卖完了", r"out of stock|sold out|no stock|unavailable|backorder"),
        (r"库存", r"in stock"),
    ),
    "lost_or_stalled": (
        (r"(?:没|未|没有)收到(?:货|包裹|快递|东西|商品)|一直没收到|没见到(?:包裹|快递|货)", r"物流.{0,8}(?:不动|没动|没更新|停|没动静|没有更新|没记录|异常|无)|快递.{0,10}(?:丢|不动|停|没动静|没送)|丢件|单号查不到|找不到件|卡在",
         r"(?:never|not|n't)(?: yet)? (?:arrived?|received?|delivered|turned up|got)|lost in (?:transit|the mail|the post)|tracking (?:has|hasn't|shows no|stuck|not)|stuck (?:in|at)|parcel is missing|package is missing"),
        (r"物流|快递|派送", r"\bcourier\b|tracking|delivery"),
    ),
    "refused_parcel": (
        (r"拒签|拒收|没签收.{0,6}退回", r"refused (?:the|it|to sign|delivery)|rejected (?:the )?(?:parcel|package|delivery)|turned (?:the courier|it) away"),
        (r"退回去了", r"sent it back at the door"),
    ),
    "damaged": (
        (r"碎|破损|压坏|压扁|摔坏|裂|变形|破了|断了|缺口|磕", r"broken|damaged|crushed|cracked|shattered|smashed|dented"),
        (r"漏液|外包装|包装", r"leak|in pieces"),
    ),
    "missing_or_empty": (
        (r"少(?:了|发|件|一|两|寄)|漏发|漏寄|缺件|配件.{0,4}(?:没|缺|少)|空包|空盒|是空的|只(?:收到|有|发了)[一二两\d]|没有.{0,4}配件", r"missing|empty (?:box|package|parcel)|only (?:got|received|one)|incomplete|box was empty"),
        (r"赠品|数量不对", r"instead of two|parts"),
    ),
    "wrong_item": (
        (r"发错|寄错|错发|(?:收到|来|给我)的?是?(?:别的|另一个|另外|其他)(?:东西|款|颜色|商品|型号)|不是我(?:买|拍|要)的", r"wrong (?:item|colou?r|product|model|size sent|one)|sent me (?:a|the) (?:different|wrong)|different (?:item|product) (?:from what i|than i) ordered|not what i ordered"),
        (r"货不对板", r"mixed up"),
    ),
    "size": (
        (r"尺码|尺寸|偏大|偏小|太大|太小|大了|小了|穿不(?:上|了|下)|套不上|放不下|不合身|太长|太短|太紧", r"too (?:small|big|large|tight|long|short|loose)|does(?:n't| not) fit|size|fit(?:s)? (?:badly|me)"),
        (r"勒|宽松", r"runs (?:small|large)"),
    ),
    "not_as_described": (
        (r"(?:与|跟|和)(?:描述|图片|详情|宣传|页面|照片|介绍|主图).{0,8}(?:不符|不一样|不一致|差|两回事|不同)|描述不符|虚假宣传|色差|颜色.{0,6}(?:差|不一样|不对)|材质.{0,8}(?:不是|不符|不一样|不像)|没有宣传的|夸大|写的都是假",
         r"(?:not|n't|nothing)(?: \w+)? (?:as described|like the (?:picture|photo|listing|description))|misleading|different from the (?:picture|photo|listing|description)|false advertis|looks nothing like"),
        (r"实物|图片|宣传|纯棉", r"advertised|listing|picture|material"),
    ),
    "quality": (
        (r"质量(?:问题|差|太差|不行|不好|很差|堪忧)|瑕疵|坏了|做工|掉色|起球|开线|脱线|线头|次品|不能用|失灵|不(?:通电|工作|亮|加热|转)|漏水|掉毛|开不了机|塌", r"poor quality|bad quality|defect|stopped working|does(?:n't| not) work|not working|fell apart|faulty|broke after|came apart|won't (?:turn on|charge|start)|peeling"),
        (r"质量|用了.{0,4}天", r"quality|cheaply made"),
    ),
    "counterfeit": (
        (r"假货|假冒|仿(?:冒|品|的)|山寨|不是正品|非正品|盗版|高仿|正品.{0,6}(?:吗|怀疑|验)|怀疑.{0,6}正品|假的.{0,6}(?:牌|商标)|防伪", r"fake|counterfeit|knock-?off|not (?:genuine|authentic|original)|replica|pirated"),
        (r"正品|专柜", r"genuine|authentic|brand"),
    ),
    "allergy_food_safety": (
        (r"过敏|起(?:疹|红|痘)|红疹|发痒|很痒|过期|临期|变质|发霉|长毛|虫子?|拉肚子|食物中毒|三无|保质期|馊|异物", r"allerg|rash|itch|expired|mou?ldy?|spoiled|rotten|food poisoning|got sick|best before|insect|worm"),
        (r"皮肤|吃了", r"skin|smell(?:s|ed) off"),
    ),
    "invoice_freight": (
        (r"发票|开票|税号", r"运费(?:没|不|谁|怎么|还|要|退|补|险)|退运费|补.{0,3}运费|多收.{0,3}运费|邮费", r"invoice|vat receipt|shipping (?:fee|cost|charge)|postage|freight|return label"),
        (r"运费|抬头", r"receipt"),
    ),
    "negotiated": (
        (r"协商(?:一致|好)|和客服(?:说|谈|商量|协商)好|客服(?:已经?)?(?:同意|答应)|(?:已|和卖家)协商|说好了?退", r"agreed with (?:the )?(?:seller|support|customer service|shop)|as (?:agreed|discussed)|mutual(?:ly)? agree|seller agreed"),
        (r"按约定退", r"per our chat"),
    ),
    "other": (
        (r"(?:客服|服务|售后|态度).{0,10}(?:差|慢|恶劣|不理|不回|不好|敷衍|骂|打不通|爱答不理)|骚扰|泄露|辱骂|其他原因", r"rude|no reply|ignored|never answers?|unhelpful|customer service is|harass|leaked my|personal data"),
        (r"客服", r"support"),
    ),
})  # fmt: skip
