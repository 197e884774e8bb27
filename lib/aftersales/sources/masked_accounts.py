"""What reaches or proves a person by an id: mail addresses, accounts of messengers and shops, documents and plates.

Every quantifier is bounded: the time for a text grows with its length and no faster.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE


def _each(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(p, _I) for p in patterns)


_LOCAL = r"(?<![A-Z0-9])[A-Z0-9\u00c0-\u024f][A-Z0-9._%+\-\u00c0-\u024f]{0,63}\s?"
_PROVIDER = r"(?:q\s?q|163|126|139|189|gmail|googlemail|outlook|hotmail|yahoo|sina|sohu|foxmail|icloud|aliyun|proton(?:mail)?|live|msn|yeah|tom|me|mail|gmx|web|yandex|rediffmail|naver|daum|docomo\.ne|vip\.qq|vip\.163|example)"
_TLD = r"(?:com|cn|net|org|edu|gov|io|me|co|uk|de|fr|in|hk|tw|ru|jp|kr|sg|info|test|example)"
_DOT = r"(?:\s?(?:\.|。|点|丶|\(dot\)|\[dot\]|<dot>|【dot】|,)\s?|\s(?:dot|d0t)\s)"
_AT = r"(?:@|[(\[<{【]\s?(?:@|at|a)\s?[)\]>}】]|\*at\*|#at#|艾特|爱特|圈a|花a|小老鼠)"
_HOST = r"[A-Z0-9一二三四五六七八九零\-]{1,40}"
EMAILS = _each(
    rf"{_LOCAL}{_AT}\s?(?:{_HOST}{_DOT}){{1,5}}[A-Z]{{2,12}}\d?(?![a-z0-9])|{_LOCAL}{_AT}\s?(?:{_PROVIDER}(?![A-Z0-9\-])|(?:ok\w{{2,10}}|ybl|ibl|axl|apl|upi|paytm|\w{{2,10}}bank)\b)",
    rf"{_LOCAL}(?<=[\s_])at[\s_](?:{_PROVIDER}{_DOT}|{_HOST}(?:\sdot\s|点))\s?{_TLD}\b(?:(?:\.|\sdot\s){_TLD}\b)?",
    rf"{_LOCAL}(?<=\s)at\s(?:gmail|hotmail|outlook|yahoo|icloud|foxmail|protonmail|googlemail)\b",
    rf"{_LOCAL}在\s?{_PROVIDER}{_DOT}{_TLD}\b",
    r"邮箱(?:前缀|名|账号)[:是为\s]{0,2}(?P<s>[a-z0-9][a-z0-9._\-]{3,40})",
    r"邮箱[^\n@:]{0,6}[:是]\s?(?P<s>[a-z0-9._\-]{3,40})(?=[^\n@]{1,20}@)",
    rf"{_LOCAL}[#*$&※★☆]\s?{_PROVIDER}{_DOT}{_TLD}\b",
    r"(?<!\d)\d{5,11}\s?的?\s?(?:qq|扣扣|企鹅)\s?(?:邮箱|\.?\s?com)|(?:qq|扣扣|企鹅)\s?邮箱[\s:是]{0,3}(?P<s>\d{5,11})",
    r"(?:邮箱|电?邮件?地址|e-?mail(?: address)?)(?:号|账号|是|为|:|=|\s|is){0,4}(?P<s>[A-Z0-9][A-Z0-9._\-]{2,40}\d[A-Z0-9._\-]{0,20}|[A-Z][A-Z0-9._\-]{4,40}(?=$|[\s,。]?(?:发|谢|$)))",
    r"(?<![a-z0-9])(?:gmail|hotmail|outlook|foxmail|网易邮?箱?|新浪邮?箱?|谷歌邮?箱?)(?:号|账号)?\s?[是为:]\s?(?P<s>[A-Z0-9][A-Z0-9._\-]{4,40})",
)  # fmt: skip

_WECHAT = (
    r"(?:(?:[微薇威徽维葳巍溦魏伟唯围喂未味]|(?<![a-z])[vw]|(?<![a-z])wei)[\s.\-·_]?(?:信|芯|❤|♥|x(?:in)?(?![a-z])|xin)|[微薇]\s?[❤♥]|🛰|绿(?:色)?(?:泡泡?|信|软件|标)|卫星|胃信|[加+➕]\s?❤|v[❤♥]信?|我的?[微薇威](?=[是号:\s])|(?<![一-鿿])[微薇威](?=\s?[:号])|"
    r"[加+➕佳嘉伽茄]\s?(?:一下|个|我|你|下)?\s?(?:v(?![a-z])|[微薇威徽维溦])|(?<![a-z0-9])(?:wx|vx|wv|vv|v[\s/.]?x|w[\s/.]?x|唯心(?=[\s:号]{1,2}[a-z])|weixin|wechat|we\s?chat|wei\s?xin)(?![a-z])|(?<![a-z0-9])v(?=\s?:|\s?号|我\s?[a-z]))"
)
_CUE = (
    rf"(?:{_WECHAT}|[加+➕]\s?(?:个|我)?\s?q(?![a-z])|(?<![a-z0-9])(?:qq|q)(?![a-z])|[扣抠叩][扣抠叩q]|"
    r"企鹅号?|球球|秋秋|🐧|支[付附]宝|(?<![a-z])(?:zfb|zhifubao)|付宝|旺旺号?|淘宝号|会员名|用户名|京东(?:账号|号|id)|抖音号?|小红[书薯]号?|快手号?|微博(?:号|id|[:@])|b站号?|[闲咸]鱼号?|钉钉|飞书|电报|纸?飞机号?(?=[号@:])|推特|加我(?:好友)?|加好友|扫码加|加客服|私聊|加赖|赖(?=[:号])|telegram|whats\s?app|facebook|instagram|insta(?![a-z])|twitter|"
    r"snapchat|skype|kakao(?:\s?talk)?|viber|zalo|discord|messenger|tiktok|alipay|paypal|zelle|venmo|paytm|gpay|phonepe|cash\s?app|(?<![a-z])(?:tg|ig|ins|fb|line|signal|snap|ww|dy|xhs|ks)\s?(?:の\s?id|搜|id|号|账号|:|@|is\b|name|me (?:at|on))|(?:my|我的|加|搜)\s?(?:line|tg|ins|ig|fb)(?![a-z]))"
)
_FILL = r"(?:同号|的|は|는|은|คือ|号码?|账号|帐号|昵称|user\s?name|account|name|id|是|为|叫|加|搜索?|联系|我的|我|一下|下|个|吧|哦|啊|呀|呢|:|=|\s|,|。|!|~|→|-|_(?=\s)|>|<|《|\"|“|‘|'|\(|\[(?!(?:手机号|电话|证件号|银行卡|账号|邮箱|姓名|地址|车牌|密码)\])|【|「|『|\*|is|me|on|at|my|private|私|聊|找|发|号|@|\$|/){0,7}"
_SOCIAL = r"(?:telegram|instagram|insta|twitter|snapchat|whatsapp|skype|ins|ig|tg|line|line id|tiktok|facebook|fb|discord|signal|venmo|cash\s?app|paypal|电报|推特|飞机|纸飞机)"
_SITE = r"(?:朋友圈|旺旺|淘宝|天猫|京东|拼多多|微博|抖音|小红[书薯]|快手|b站|[闲咸]鱼|微信|(?<![a-z])qq|贴吧|知乎|支付宝|得物|豆瓣|唯品会|苏宁|美团|饿了么|1688|阿里|转转|虎扑|视频号)"
# words for a messenger in other scripts, and for a name somewhere
_ABROAD = (
    r"телегра?мм?|телега|(?<![а-я])т[гл](?![а-я])|инстаграмм?|инста|вотсап|вайбер|скайп|ник(?=[\s:])|вконтакте|(?<![а-я])вк(?![а-я])|카카오톡|카톡|라인|인스타|텔레그램|아이디|"
    r"ไลน์|ไอดี(?:ไลน์)?|เฟซ?บุ๊?ก|ライン|インスタ|ツイッター|カカオ|واتساب|تلغرام|תלגרם"
)
_ROLE = r"(?:买家|卖家|顾客|客户|用户|会员|店家|商家|掌柜|亲|\b(?:buyer|seller|user|customer|bidder|member|winner))"
_NO_NICK = r"(?!请|填|什么|多少|怎|哪|谁|不|没|错|无|未|改|写|见|同|在|已|要|可|能|是|里|上|有|太|被|会|和|跟|与|或|显示|注册|登录|等级|长度|必须|一直|也|都|就|还|的|为空|了|字|声|单|必填|选填|匿名|牌|气|义|品|信息|保密|匿名)"
ACCOUNTS = _each(
    # an id with a digit or underscore in it, after any cue
    rf"{_CUE}{_FILL}(?P<s>(?=[a-z_\-.]{{0,20}}[\d_\-])(?!\d+[a-z\u4e00-\u9fff]|v\d{{1,2}}\.|(?:19|20)\d\d-)@?[a-z][a-z0-9_\-.]{{4,24}}(?:#\d{{4}})?|(?<![a-z0-9])(?=\d{{1,20}}[a-z_])(?!\d{{1,20}}(?:ml|kg|cm|mm|g|l|pcs|gb)\b)[a-z0-9_\-]{{6,20}})",
    # letters alone only where a colon, 号 or 是 says that an id follows
    rf"{_CUE}(?:号码?|账号|帐号|id|是|为|加|搜|我的|就|\s){{0,4}}\s?(?:[:=→]|号|是|搜|加|账号|id|[(「【])\s?(?P<s>@?[a-z][a-z0-9_\-.]{{4,24}})(?![a-z0-9])",
    # the same word anywhere before it in its clause; letters and many digits
    rf"(?:{_CUE}|[微薇威徽维葳巍溦魏伟唯围喂卫为委尾位慰][^\w\s]{{0,2}}[信芯心新鑫]|[\\/v]{{1,2}}x(?=\s?:))[^。!?;\n]{{0,24}}?(?<![a-z0-9_\-.@])(?P<s>(?=[a-z_\-.]{{1,16}}\d|[a-z]{{2,12}}[_\-][a-z])(?!v\d{{1,2}}\.|\d+[a-z\u4e00-\u9fff])[a-z][a-z0-9_\-.]{{5,24}})(?![a-z0-9])",
    r"(?<![a-z0-9_\-./=@])(?P<s>(?-i:[a-z]{2,12}[_\-]?\d{5,9}))(?![a-z0-9\-])",
    r"(?:微信|薇信|威信|v信|绿泡泡|加我|加好友)\s?(?P<s>[a-z][a-z0-9_\-]{5,24})(?![a-z0-9])",
    r"(?:微信|wechat|weixin)[^,。;!?\n]{0,10}?[,，]\s?号是?\s?(?P<s>[a-z][a-z0-9_\-]{5,24})(?![a-z0-9])",
    rf"{_WECHAT}[^。!?:\n]{{0,16}}:\s?(?P<s>(?=[a-z_\-]{{1,16}}\d)[a-z][a-z0-9_\-]{{4,24}})(?![a-z0-9])",
    rf"{_WECHAT}[\s:号是]{{0,3}}(?P<s>(?:[a-z0-9_]\s){{5,20}}[a-z0-9_])(?![a-z0-9])",
    r"[我他她]的?(?:小|大|新)?号(?:码|是|:|\s){0,2}(?P<s>[a-z](?=[a-z_\-]{0,14}[\d_])[a-z0-9_\-]{4,24})(?![a-z0-9])",
    r"(?<![a-z0-9])(?!img|dsc|vid|pic|mm|ver|log|doc|cam)(?P<s>[a-z]{2,4}(?:19[5-9]\d|200\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?![0-9a-z])",
    # letters in parts, the last of them with a digit; the cue and the id in one word
    rf"{_WECHAT}(?:号|id|\s)?\s?(?:[:=]|号|是)\s?(?P<s>[a-z]{{1,12}}(?:\s[a-z]{{1,12}}){{0,2}}\s(?=[a-z_]{{0,14}}\d)[a-z0-9_]{{2,14}})(?![a-z0-9])",
    r"(?:(?<![a-z0-9])(?:wx|vx|vv|zfb|qq)|(?:[加+➕佳嘉]|联系)\s?(?:我|个|一?下)?\s?(?:[vw](?!ip\d)|q(?=[a-z]{2})))(?P<s>[a-z](?=[a-z_\-]{0,14}[\d_])[a-z0-9_\-]{4,20})(?![a-z0-9])",
    r"(?<![a-z0-9])v\s(?P<s>[a-z](?=[a-z_\-]{0,14}\d)[a-z0-9_\-]{5,20})(?![a-z0-9])",
    r"(?<![a-z])live:(?P<s>\.?[a-z0-9][a-z0-9_.\-]{3,40})",
    rf"{_SOCIAL}(?![a-z])[\s:]{{0,3}}(?:(?:is|me|at|on|id|号)\s?){{0,2}}(?P<s>[@$][a-z0-9][a-z0-9_.\-]{{2,30}}|[a-z][a-z_]{{0,14}}\.(?=[a-z.]{{0,12}}\d)[a-z0-9_.]{{2,20}})",
    r"(?<![a-z0-9.])(?:t\.me|wa\.me|(?:instagram|facebook|fb|twitter|x|tiktok|snapchat|paypal|venmo|cash|line|m|weibo|douyin)\.(?:com|me|app|cn))/(?P<s>[@$]?[a-z0-9_.\-]{3,40})(?!/)",
    r"(?<![a-z])(?:tg|ins|ig)\s(?P<s>[a-z.]{2,12}[_\d][a-z0-9_.]{0,20})",
    r"discord[\s:]{1,3}(?P<s>[a-z0-9_.]{2,32}#\d{4})(?!\d)",
    # what is a shop's or messenger's id by its form, and an id beside a word for its owner
    r"(?<![a-z0-9_])(?:tb_?(?=\d{4,}[\d_])[\d_]{6,20}|t_\d{8,16}(?:_\d{1,5})?|wxid_[a-z0-9]{6,24}|jd_(?=[a-z]{0,12}\d)[a-z0-9]{6,20})(?![a-z0-9_])",
    rf"{_ROLE}(?:\s?(?:id|user|name|account|昵称|号|名))?[\s:(（\"“'【\[]{{0,3}}(?P<s>(?!(?:manual|note|guide|file|list|data|info|code|service|support|report|review|photo|im(?:age|g)|page|show|price|card)s?[\W_])(?-i:(?=[a-z_.\-]{{2,20}}\d[a-z_]{{0,9}}\d|[a-z.\-]{{2,15}}_|[a-z]{{2,12}}-[a-z]{{2,12}}-\d)[a-z][a-z0-9_.\-]{{4,24}})(?:\*\w{{2,12}})?)(?![a-z0-9_])",
    r"(?:\b(?:user\s?name|user\s?id|nick(?:name)?|screen ?name|login|handle|(?:ebay|amazon|etsy|aliexpress|shopee|lazada|mercari|vinted|depop|poshmark|temu|shein)(?: (?:id|user|name|account|seller|buyer|profile)){1,2}|instagram|insta|telegram|snap(?:chat)?|tik\s?tok|facebook|twitter)(?: is|:|=|\s|@|\"){1,3})(?P<s>(?=[a-z.\-*]{0,20}[\d_]|(?<=handle )[a-z]+\.)[a-z0-9_][a-z0-9_.\-*]{3,24})(?![a-z0-9_])",
    rf"(?:{_ABROAD})(?:\s?(?:id|아이디|ไอดี|是|は|은|는|คือ|ник))?[\s:=「(]{{0,3}}(?P<s>@[a-z0-9_.\-]{{3,30}}|(?=[a-z.\-]{{0,20}}[\d_])[a-z0-9_][a-z0-9_.\-]{{3,24}}|(?<=[:\s])[a-z][a-z_.]{{4,24}}(?=$|[\s,.;!?]))(?![a-z0-9_])",
    r"(?<![A-Za-z0-9_@.])(?P<s>@(?=[a-z.]{0,20}[\d_])[a-z][a-z0-9_.]{3,30})(?![\w@])",
    r"(?<![a-z0-9.])(?P<s>(?:vk|ok|t|wa|line|instagram|facebook)\.(?:com|ru|me)/[@a-z0-9_.\-]{3,40})",
    r"(?:微我|薇我|[vV]我|yy号?|陌陌号?|探探|soul)(?:号|id|是|:|\s){0,3}(?P<s>[a-z][a-z_\-]{0,14}\d[a-z0-9_\-]{2,20}|\d{6,12})(?![a-z0-9])",
    # an id of letters and digits wherever it is called an account's
    r"(?:账号|帐号|账户名|用户id|会员id|买家id)\s?[:是为]?\s?(?P<s>(?=[a-z.\-]{1,20}[\d_])(?!\d)[a-z][a-z0-9_.\-]{4,24})(?![a-z0-9])",
    r"(?<![a-z0-9_])id\s?[:是]\s?(?P<s>[a-z]{2,8}_?\d{6,14})(?![a-z0-9])",
    # an id of digits behind a cue that is otherwise none
    r"(?:蔻蔻|口口|丘丘|q仔|qq群|扣扣群|企鹅群|粉丝群|客服群|群号|q群|xhs|小红薯号?)(?:号|是|:|\s){0,3}(?P<s>\d{6,12})(?!\d)",
)  # fmt: skip
NICKNAMES = _each(
    # who says a line of a chat; a field of a record or a log
    r"^\s?[\[(]?(?:19|20)\d\d[\-/.]\d{1,2}[\-/.]\d{1,2}[\sT]\d{1,2}:\d\d(?::\d\d)?[\])]?\s{1,2}(?P<s>(?!客服|商家|系统|卖家|买家|店小|机器人|平台|店铺|旗舰|[^\s:]{0,12}旗舰店|[^\s:]{0,12}专卖店)[^\s:\[\]]{2,24})\s?:(?=\s|\D)",
    r"^(?P<s>(?!客服|商家|系统|卖家|买家|店小|机器人|平台)[^\s:()\[\]]{2,24})\s?\((?:19|20)\d\d[\-/.]\d{1,2}[\-/.]\d{1,2}[\sT]\d{1,2}:\d\d",
    r"(?:buyer_?nick|nick_?name|nick|wangwang|user_?nick)[\"'”]?\s?[=:]\s?[\"'“]?(?P<s>(?!null|none|nan\b|空|无)[\w\-·（）()]{2,24})",
    # what a quotation says that is a nickname, and a nickname to the end of its clause
    rf"(?:{_SITE}(?:买家|用户|会员)|买家|用户|会员)\s?[\"“「『](?P<s>(?=[^\"”」』\n]{{0,20}}[\d_])[^\"”」』\n]{{2,20}})[\"”」』]",
    r"(?:昵称|网名|旺旺名?|收件姓名|会员名)[^,。;!?\n\"“]{0,4}[\"“「『](?P<s>[^\"”」』\n]{2,20})[\"”」』]",
    rf"(?:昵称|网名)(?P<s>(?![:=(]){_NO_NICK}[^\s,。;!?\n\"“”\[\]]{{2,16}}?)(?=[,。;!?\n]|$|说|下单|申请|投诉|反馈)",
    rf"旺旺(?P<s>{_NO_NICK}(?!说|留|联|发|找|问|客|聊)[^\s,。;!?\n\"“”\[\]]{{2,16}}?)(?=说|申请|投诉|拍|下单|反馈|要求|催|问|想要|(?<=\d)[要退换的又再还在找给])",
    rf"旺旺(?P<s>{_NO_NICK}[^\s,。;!?\n\"“”\[\]]{{2,16}}?\d{{2,6}})(?=$|[\s,。;!?])",
    r"(?:^|[,。;!?\s])(?P<s>(?!这|那|上面|它|他|她|你|我|就|不|名字|备注|都|真的)[^\s,。;!?\[\]]{2,12})是我的?(?:网名|昵称|本名|真名|全名|微信名|旺旺名)",
    r"(?<![\u4e00-\u9fff])用户(?P<s>(?=[^\s,。;!?]{0,16}[\d_])[^\s,。;!?\[\]]{3,20}?)(?=投诉|申请|反馈|称|说|下单)",
    rf"(?:{_SITE}|昵称)(?:上|号|也是)?\s?同名[\s:,]{{1,2}}(?P<s>{_NO_NICK}\w{{2,20}})(?=$|[\s,。;!?])",
    r"(?:微博|抖音|小红书|快手|b站|微信|qq|旺旺|昵称)\s?@(?P<s>[\w\-]{2,20})",
    # a nickname in any script behind what says that it is one
    rf"(?:{_SITE}(?:的|账)?(?:号|id|名|昵称|用户名|会员名)|{_SITE}|昵称|会员名|用户名|网名)\s?(?:[:=]|[是叫为](?!什|哪|多|谁|否|不))\s?(?P<s>(?!\d)(?=\w{{0,14}}\d)\w{{3,20}})",
    rf"(?:{_SITE}(?:的|账)?(?:号|id|名字?|昵称|用户名|会员名)|昵称|会员名|用户名|网名)\s?(?:[:=]\s?|[是叫为\s](?=\S{{0,14}}\d)\s?|[叫为]\s?)(?P<s>{_NO_NICK}\w{{2,20}})(?!\w)",
    rf"{_SITE}(?:的|账)?(?:昵称|会员名|用户名|用户(?=\w{{0,14}}\d)|网名|名字|名|号名)叫?(?P<s>{_NO_NICK}(?!\d+(?:元|件|个))\w{{2,20}})(?!\w)",
    rf"{_SITE}(?:账号|号|id)(?P<s>{_NO_NICK}(?=\D{{1,14}}[\d_])\w{{3,20}})(?!\w)",
    rf"(?:旺旺|(?:微信|网|q|店铺)名|昵称|会员名|用户名)\s?[:\"“「]\s?(?P<s>{_NO_NICK}\w{{2,20}})(?!\w)",
    rf"(?:抖音|小红书|快手|微博|b站|视频号|淘宝|公众号)\s?上?搜索?(?:[\s:\"“「]|(?=\w{{0,14}}[a-z\d]))(?P<s>{_NO_NICK}(?!到|一下|出|索|同|这|那|店铺|本店|我们)\w{{2,20}})(?!\w)",
)  # fmt: skip
_ID_NUMBER = (
    r"(?:[A-Z]{1,6}[\s\-.]?)?\d(?:[\s\-./]?[A-Z]{0,5}[\s\-./]?\d){6,18}(?:[A-Z]{1,3}|[\s\-][A-Z])?(?![A-Z0-9À-ÿ])"
)
_TAX = (
    r"(?:税号|纳税人?(?:识别)?(?:代?码|号码?)|识别号|信用代码|统一(?:编号|編號)|\b(?:gst(?:in)?|vat|tax|ust-?id(?:-?nr)?|tva|iva|p\.?\s?iva|partita iva|nif|cif|abn|acn|ein|itin|tin|cnpj|cpf|rfc|utr|trn|eori|btw|npwp|siret|siren|nip|inn|инн|mwst|steuernummer)"
    r"(?:[\s\-]?(?:no|number|num|nr|id|reg(?:istration)?|code|nummer|identification|intracom)\b\.?){0,3})"
)
BANKS = _each(
    # an account by the words of its country, or behind a bank's name
    r"(?:계좌(?:\s?번호)?|[가-힣]{1,6}(?:은행|뱅크)|농협|신협|새마을금고)[\s:은는]{0,3}(?:[가-힣]{1,6}(?:은행|뱅크)|농협|신한|국민|우리|하나|기업)?[\s:]{0,2}(?P<s>\d{2,6}(?:-\d{2,8}){1,3}|\d{10,16})(?!\d)",
    r"(?<![\d\-])\d{3}-\d-\d{5}-\d(?![\d\-])",
    r"[记記]号\s?:?\s?\d{5}[\s,\-]{0,2}番号\s?:?\s?(?P<s>\d{6,8})",
    r"(?:口座番号|普通|当座)\s?[:は]?\s?(?P<s>\d{7,8})(?!\d)",
    r"(?:карт[аыеу]|сч[её]т\w{0,2}|сбер\w{0,6}|тинькофф|втб|альфа)[^\d\n]{0,14}(?P<s>\d{4}[\s\-]?\d{4}[\s\-]?\d{4}[\s\-]?\d{4}|\d{20})(?!\d)",
    r"(?:(?<![a-z])(?:maybank|cimb|public bank|hong leong|rhb|ambank|bca|bni|bri|bsi|mandiri|hsbc|dbs|posb|ocbc|uob|vietcombank|vcb|techcombank|tcb|mb ?bank|mbbank|acb|bidv|agribank|sacombank|tpbank|bdo|bpi|metrobank|gcash|scb|kbank|kasikorn|bangkok bank|monzo|barclays|lloyds|natwest|santander|starling|chase|revolut|sbi|hdfc|icici|axis)|恒生|汇丰|渣打|中银|国泰世华|玉山|台新|富邦|中华邮政|邮局)"
    r"(?:\s?(?:bank|银行|a/?c|acc(?:oun)?t|no|number|rek(?:ening)?|stk|savings|hk|sg|my|uk|us|账号|帐号|户口|号|:|\.)){0,4}[\s:]{0,3}(?P<s>(?!(?:19|20)\d{6}(?!\d))\d(?:[\s\-]?\d){7,17})(?![\d\-])",
    r"\b(?:(?:ifsc|swift|bic)(?:[\s/]?(?:code|bic|no)){0,2}[\s:=is]{0,4})(?P<s>(?-i:[A-Z]{4}0[A-Z0-9]{6}|(?:(?=[A-Z]{6}[A-Z]{0,4}\d)|(?<=[a-zA-Z]:)|(?<=:\s)|(?i:(?<=code\s)))[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?))(?![A-Z0-9])",
    r"\b(?:sort ?code|routing(?: (?:number|no\.?))?|aba|bsb|blz|bankleitzahl)[\s:=#is]{0,4}(?P<s>\d(?:[\s\-]?\d){5,8})(?!\d)",
)
BIRTHS = _each(
    r"(?P<s>(?:19|20)?(?:[〇零○一二三四五六七八九]{2,4}|\d{2,4})年(?:农历|阴历|闰)?(?:[正冬腊]|[一二三四五六七八九十]{1,2})月(?:初|廿)?[一二三四五六七八九十]{1,3}[日号]?)(?=的?出?生(?![产效鲜日]))",
    r"(?:生日|出生|生于)[是为于:\s]{0,2}(?P<s>(?:(?:19|20)?[〇零○一二三四五六七八九]{2,4}年)?(?:农历|阴历)?[正冬腊一二三四五六七八九十]{1,2}月[初廿]?[一二三四五六七八九十]{1,3})",
)
DOCUMENTS = _each(
    # a day of birth, before its word or behind it, or beside a person's sex
    r"(?P<s>(?:(?:19[3-9]\d|20[0-2]\d)\s?[年.\-/]\s?\d{1,2}\s?[月.\-/]\s?\d{1,2}日?|(?:19[3-9]\d|20[0-2]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])))(?=\s?(?:的?出?生(?![产效鲜命意活成日证])|生まれ|生人|\[?[男女](?![装士款鞋包式表童])))",
    r"(?:生[于於]|出生[于於]?|生辰(?:八字)?|[男女][\s,/(])[\s:,是为日期]{0,4}(?P<s>(?:(?:19[3-9]\d|20[0-2]\d)\s?[年.\-/]\s?\d{1,2}\s?[月.\-/]\s?\d{1,2}日?|(?:19[3-9]\d|20[0-2]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])))",
    r"(?:实名|ez\s?way|易利委|身[分份]证?字?号?|报关)[^\n\d]{0,12}?(?P<s>(?<![A-Z])[A-Z][12]\d{8})(?!\d)",
    r"档案(?:编)?号[\s:是]{0,2}(?P<s>\d{12})(?!\d)",
    r"여권\s?(?:번호)?[\s:은는]{0,3}(?P<s>[A-Z]{1,2}\d{7,8})(?!\d)",
    r"(?:personal)?ausweis(?:nummer|nr\.?)?[\s:]{1,3}(?P<s>(?=[A-Z]{0,3}\d)[A-Z0-9]{9,10})(?![A-Z0-9])",
    # tax numbers: what their words announce, and two whose form tells
    rf"{_TAX}(?:\s?[:=#是为]|\s|is\b){{0,4}}(?!(?-i:91|[15][1-9])\d{{6}}[0-9A-Z]{{10}}(?![0-9A-Z]))(?P<s>{_ID_NUMBER}|(?=(?:[A-Z]{{0,8}}\d){{5}})[A-Z0-9]{{8,20}}(?![A-Z0-9]))",
    r"(?<![A-Z0-9])(?-i:(?=92\d{6}\d{0,9}[A-Z])92\d{6}[0-9A-HJ-NPQRTUWXY]{10}|\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9])(?![A-Z0-9])",
    r"(?<![A-Z0-9])P\d{12}(?!\d)|(?<![\d\-])\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-[1-8]\d{6}(?![\d\-])",
    rf"(?:\b(?:dl|cedula|c[ée]dula|voter(?: id| card)?|residence permit|work permit|visa|health card|medicare|rut|rg|tfn|snils|ci|ktp|nik|brp|uid|customs (?:id|code)|pccc)|driv(?:er|ing)\w{{0,2}}['’]?s? licen[cs]e|снилс|инн|паспорт\w*|통관\w*|医保卡?号?)(?:\s?(?:no|number|num|nr|es|is|é|:|\.|#)){{0,4}}\s?(?P<s>{_ID_NUMBER})",
    r"(?:身份证|证件)(?:号码?)?(?:尾号|[后末][四六46]位)[\s:是为]{0,3}(?P<s>\d{3,5}[\dX])(?!\d)",
    r"серия[\s:]{0,2}(?P<s>\d{2}\s?\d{2}[\s,]{0,2}(?:номер|№|n)?[\s:]{0,2}\d{6})(?!\d)",
    r"\b(?:cvv|cvc|cvv2)2?[\s:is]{0,4}(?P<s>\d{3,4})(?!\d)",
    r"(?<![A-Z0-9])(?:E[A-HJ-NP-Z]?|G|P[EP]?|S[EP]?|D[EP]?)\s?(?:\d\s?){7}\d(?![A-Z0-9])",
    r"(?<![A-Z0-9])E[A-Z]\d{7}(?=\s?(?:是我的?)?护照)|(?:学号|病历号|住院号|就诊卡?号|门诊号|准考证号?|student (?:id|no|number)|employee (?:id|no|number)|patient (?:id|no|number))[\s:是为#]{0,3}(?:is )?(?P<s>[A-Z]{0,2}\d{5,14})(?![\dA-Z])",
    r"(?:出生于?(?:日期|年月日?)?|生年月日|생년월일|дата рождения|fecha de nacimiento|nacid[oa] el|date de naissance|née? le|geburtsdatum|geb\.|data urodzenia|urodzon[ya]|født|född|doğum(?: tarihi)?|(?:tanggal |tgl )?lahir|ngày sinh|sinh ngày|出生年月|geboren am|data di nascita|data de nascimento|\bborn(?: on)?|\bdob\b|\bdate of birth\b|\bd\.o\.b\.)[\s:是为]{0,3}(?:is )?(?P<s>(?:19|20)\d\d\s?[年.\-/]?\s?\d{1,2}\s?[月.\-/]?\s?\d{1,2}日?|\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)?\d\d|\d{1,2}(?:st|nd|rd|th|\.|º)?\s(?:de\s)?[a-zäéûç]{3,10},?\s(?:del?\s)?(?:19|20)\d\d|[a-z]{3,9} \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d)(?!\d)|生日[\s:是为]{0,3}(?:(?:19\d\d|200\d|201[0-5])[年.\-/]\s?\d{1,2}[月.\-/]\s?\d{1,2}日?)(?!\d)",
    r"(?:护照|通行证|证件(?:号码?)?|voter id|passport|港澳证|台胞证|回乡证|居留证|永居证|居住证|驾照|reisepass|pasaporte|passeport)[^\d\n]{0,10}?(?P<s>(?<![A-Z])[A-Z]{1,3}[\s\-]?\d(?:[\s\-]?\d){5,9}|\d(?:[\s\-]?\d){7,9}|(?=[A-Z]{1,3}\d)[A-Z0-9]{9}(?![A-Z0-9]))",
    r"(?:\bssn|social security(?: number)?|\bsocial)[\s:#is]{0,6}(?P<s>\d{3}[\s\-]?\d{2}[\s\-]?\d{4})|(?<![\d\-])\d{3}-\d{2}-\d{4}(?![\d\-])",
    r"\b(?:pan|p\.a\.n\.?)(?:\s?(?:card|no|number|id|is|#|\.|:)){0,4}\s?(?P<s>[A-Z]{5}[\s\-]?\d{4}[\s\-]?[A-Z])\b",
    r"(?<![A-Z0-9])(?-i:[STFGM]\d{7}[A-Z])(?![A-Z0-9])",
    r"(?<![A-Z0-9])(?-i:[A-Z]{1,2}\d{6}\([0-9A]\))",
    r"passport(?: (?:no|number))?[^\d\n.!?]{0,24}?(?P<s>(?<![\dA-Z\-])[A-Z]{0,2}\d{7,9})(?![\dA-Z\-])",
    r"\b(?-i:[A-Z]{3}P[A-Z]\d{4}[A-Z]|[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z])\b",
    r"(?:\b(?:nric|hkid|dni|nie|nino|ni (?:number|no)|national insurance|codice fiscale|cpf|curp|driv(?:er|ing|er'?s) licen[cs]e|drivers licen[cs]e|licen[cs]e no|personalausweis|steuer-?id|emirates id|cnic)(?![a-z])|香港身份证|台湾身份?[证分]?证?|身份?[份分]证)[^\n]{0,10}?(?P<s>(?<![A-Z])(?=[A-Z\s.\-()]{0,6}\d)[A-Z]{0,5}\s?\d(?:[\s.\-(]?[\dA-Z]){5,13}\)?)(?![A-Z0-9])",
    r"(?<![A-Z0-9])[军南北沈兰成济广空海政参后装武]字第?\s?(?P<s>\d{6,8})号?",
    r"(?<![\d\-])\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-\d{2}-\d{4}(?![\d\-])",
    r"\b(?:ic|i\.c\.|mykad)(?:\s?(?:no|number|is|\.|:)){0,3}\s?(?P<s>\d{6}-?\d{2}-?\d{4})(?!\d)",
    r"\b(?:DE|FR|GB|ES|IT|NL|BE|AT|CH|PL|PT|IE|SE|DK|NO|FI)\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b",
)  # fmt: skip
_CODE = r"(?=(?:[A-Z\- ]{0,3}\d){3})[A-Z]{0,3}-?\d{1,8}(?:[\- ]\d{1,8}){0,3}[#*]?(?![A-Z\d\-]|\s?[元块折次天个小分件张年月日号楼%])"
_NO_DATE = r"(?!(?:19|20)\d\d[\-/. ]\d)"
# what opens a parcel locker or a door, or lets whoever knows it fetch a parcel
CODES = _each(
    rf"(?:(?:取[件货餐包]|提货|提取|自提|领取|取件提货|开[箱柜门]|核销|身份|存[件货]|收件|收货|签收|派件|门禁|闸机|大门|门口|家门|院门|单元门|门锁|进门|入户|楼道|柜机|智能柜|驿站)的?(?:编?号?码|验证码|口令|密码|编号|号)|货架(?:号码?|位|编号)|(?:丰巢|快递柜|柜子|柜机|自提柜|菜鸟柜|格口|门锁|门禁)[^,。;!?\n]{{0,6}}?[,，]?密?码)"
    rf"(?:发错了|错了|不对|不是这个|应该是|我的|是|为|叫|改成|[\s:,，【\[（(「\"“]){{0,6}}(?P<s>[#*]?{_NO_DATE}{_CODE})",
    rf"(?:凭|用|报|使用|输入)[\s:【\[]{{0,2}}(?P<s>{_NO_DATE}{_CODE})(?=[\s】\]]{{0,2}}[^,。;!?\n\d]{{0,14}}?\d{{0,3}}[^,。;!?\n\d]{{0,6}}?(?:[取领](?:[件货包快走取]|(?=[,。!;\s]|$))|提货|自提|开[柜箱门]))",
    rf"(?:货号|货架|包裹号)[\s:]{{0,2}}(?P<s>{_NO_DATE}(?:(?<=货架)\d{{1,3}}-\d{{1,3}}-\d{{3,5}}(?!\d)|{_CODE}(?=[^。;!?\n\d]{{0,6}}(?:取件|尾号))))",
    r"\b(?:(?:locker|pick-?\s?up|collection|delivery|parcel|gate|door|entry|access|buzzer|lock\s?box|key ?(?:safe|box)|release|handover|unlock|building|garage|alarm|security|drop-?\s?off|safe|inpost|smart ?box)\s(?:code|pin|otp|number|no\.?|password|passcode)|otp|passcode|use (?:the )?pin|pin code (?:to (?:open|collect)|for (?:the )?locker)|my pin|lock\s?box(?=\s#?\d)|key\s?safe(?=\s#?\d))"
    r"(?: is| was|:|=|\s|#(?=\d)|for [a-z ]{2,20} is){1,3}(?P<s>#?(?=[A-Z\-]{0,5}\d)(?-i:[A-Z0-9]{1,8}(?:[\- ]\d{2,6}){0,2})[#*]?)(?<![\s\-:]\d)(?![\w\-])(?!\s?(?:days?|hours?|hrs|min|times|items?|pcs))",
    r"(?:код (?:получения|выдачи|доступа|домофона|подъезда)|домофон|c[óo]digo de (?:recogida|retirada|entrega|acceso|acesso|retiro)|clave de entrega|abhol(?:code|pin|nummer)|t[üu]rcode|code (?:de retrait|d['’]acc[èe]s|porte|immeuble)|digicode|비밀번호|暗証番号|暗证番号|受取番号|暗证番号|parola del cancello|codice di ritiro|kod (?:odbioru|do furtki|domofonu)|kode (?:pengambilan|pintu)|mã (?:nhận hàng|cửa))"
    r"(?:\s?(?:는|은|は|is|es|ist|est|é|:|=|-)|\s){0,3}(?P<s>(?=[A-Z]{0,3}\d)[A-Z0-9]{3,10}[#*]?)(?![A-Z0-9])",
)  # fmt: skip
_REGION = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATES = _each(
    rf"[{_REGION}]\s?[A-Z]{{1,2}}?\s?[·•.\-_*]?\s?(?=(?:[A-Z]\s?){{0,5}}\d)(?:[A-HJ-NP-Z0-9]{{5,6}}|[A-HJ-NP-Z0-9]{{4,5}}[警学挂港澳]|[A-HJ-NP-Z0-9](?:[\s.\-·][A-HJ-NP-Z0-9]){{4,5}}|[A-HJ-NP-Z0-9]{{2,3}}[\s.\-·][A-HJ-NP-Z0-9]{{2,3}})(?![A-Z0-9])",
    rf"(?:licen[cs]e plate|number\s?plate|\bplate(?: number)?|车牌号?|[{_REGION}]牌|biển số(?: xe)?|\bplat(?: nomor)?|\bnopol|\bno\.? pol\.?)[\s:是为]{{0,4}}(?P<s>\d{{2}}[A-Z]\d?-\d{{3}}\.?\d{{2}}(?!\d)|[A-Z]{{1,2}}\s\d{{1,4}}\s[A-Z]{{1,3}}(?![A-Z0-9])|(?=[A-Z]{{0,3}}[\s\-]?[A-Z]{{0,3}}\d)[A-Z0-9]{{1,3}}[\s\-]?[A-Z0-9]{{3,5}}(?:\s[A-Z])?)(?![A-Z0-9])",
    r"(?:\bplate|\breg(?:o|istration)?|\b(?:car|vehicle|van|taxi|truck) (?:number|no\.?|reg|plate)|\bkennzeichen|\bplaque|\bimmatriculation|\bmatr[íi]cula|\btarga|\bkenteken|车牌号?|车号)(?:\s(?:number|no\.?|nr\.?|num))?(?:[\s:#=,]|is|was|ist|est|war|[是为]){0,4}"
    r"(?P<s>(?-i:(?=[\d \-]{0,6}[A-ZÄÖÜ])(?=[A-ZÄÖÜ \-]{0,6}\d)(?=(?:[\s\-·]?[A-Z0-9ÄÖÜ]){5})[A-Z0-9ÄÖÜ]{1,4}(?:[\s\-·]?[A-Z0-9]{1,4}){1,3}))(?![A-Z0-9])",
    r"\b(?-i:[A-Z]{2}[\s\-]\d{1,2}[\s\-][A-Z]{1,2}[\s\-]\d{4}|(?:AP|AR|AS|BR|CG|CH|DL|GA|GJ|HP|HR|JH|JK|KA|KL|MH|MP|OD|PB|RJ|TN|TS|UK|UP|WB)\d{2}[A-Z]{1,2}\d{4})\b",
)  # fmt: skip
