"""Names of people in free text: which words before, behind or around some tell that they are a name.

A Chinese name begins with a known surname (or a beginning common among minorities); a Latin one with a capital letter,
unless the words before it leave no doubt. Words that begin as a surname does and are none are listed. Every quantifier is
bounded: the time for a text grows with its length and no faster.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛"
    "伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景"
    "薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫嵺苟褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾"
    "郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝巩稽井练仲乐虞卞封竺冼楚佟栗匡宗台巫鞠僧桑荆谌银扬明沙岑习胥蔺闫"
)
_COMMON = _SURNAMES[: _SURNAMES.index("伍")] + "韦覃莫闫祝欧"
_COMPOUND = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|司徒|端木|南宫|夏侯|轩辕|长孙|宇文|独孤|闻人"
_H = r"\u4e00-\u9fff"
_HAN = rf"(?-i:[{_H}])"  # a range is searched through for its other case, sign by sign
# surnames that begin words people write before or behind a number
_NO_NAME = (
    "马上|明明|方便|安排|高兴|明天|明白|时间|时候|常用|全部|成功|万一|和你|和我|向你|关于|关闭|关注|应该|解决|单号|包裹|包邮|包装|都是|都有|来电|来信|车牌|"
    "温馨|严重|费用|白色|黄色|金色|蓝色|银色|花色|古铜|原来|原因|文件|文字|保证|保密|连接|连衣|常住|于是|强烈|何时|何地|易碎|简单|项目|高度|"
    "钱款|段时|任何|石头|金额|安全|商品|商家|管理|任务|房间|房号|路口|苗条|米色|成人|成都|武汉|南京|温州|宁波|石家|江苏|安徽|贵州|云南|海南|广东|"
    "平台|平安|客服|快递|顺丰|卫生|谢谢|谢了|林业|路上|路边|方式|方法|万元|全国|计算|水果|米饭|查收|查看|查询|查找|拒收|连续|都不|都没|应当|台灯|"
    "周[一二三四五六日天末边围岁年到转期]|高[档级低清大端中考跟仿温压质品价贵]|黄[色码]|白天|常[常年规见温用说]|贵[司公]|顾客|安装|管家|申[通请]|马虎|万分|万能|郑重|方[框便]|成年|单[位独]|连[忙衣]|"
    "时常|高[个了度兴的]|金[牛色]|白[羊领]|方[圆脸]|强[力烈效]|相[关当]|国际|温柔|康复|常来|全额|全新|于[签是此]|高效|单纯|万事|马[桶上]|方面|何[处人]|包退|包换|包括|平时|平常|经常|花了|花钱|石材|车间|车子|汤匙|毛料|云端|关心|关联|关键|管道|单价|单身|应付|应急|安心|安静|宁愿|宁可|越来|越快|盛大|简直|尤其|左右|左边|右边|向上|向下|时长|时效|计划|计较|终于|明细|明确|习惯|古风|卓越|易拉|莫名|钱[到没都也还]|利[用润]|益|巧克|温[度水]|水[晶杯]|石[榴]|段子|童装|童鞋|麻烦|边框|通[过知话常]|满[意减]|查[不到了]|尚未|昨天|项[目]|管[用]|安[卓]|盖[住了]|牛[皮仔肉]|羊[毛绒]|鹿[皮]|柳[州]|桂[林]|江[西浙]|河|湖|贵[重]|"
    "关机|何必|成本|白手|成交|盖子|张贴|许多|项链|时尚|史上|毛衣|毛巾|毛毯|毛病|金属|程序|方形|龙头|熊猫|牛仔|牛奶|马桶|石英|黄金|白酒|明显|雷同|经理"
)
_OTHER_BEGINNINGS = (
    "阿依|阿不|阿卜|阿布|阿迪|阿孜|古丽|买买提|麦麦提|艾力|艾买|艾合|木合|吐尔|巴特|扎西|卓玛|多吉|次仁|索南|格桑|乌云|其其格|那仁|努尔|玉素|热合|尼加|尼玛|达瓦|旦增|丹增|洛桑|才让|"
    "帕提|帕尔|迪力|迪丽|穆罕|穆萨|萨吾|斯琴|娜仁|拉姆|仁青|央金|依布|伊布|图尔|苏日|呼格|巴图|孟和|朝鲁|阿木|阿拉|如克|凯赛|热依|茹仙|库尔|强巴|贡布|平措|边巴|米玛|阿旺|土登|艾尼|吾买|亚森|玛依|赛买"
)
# characters that given names are made of; those that begin usual verbs and particles are left out
_GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂华建国文志海玉红春燕鹏飞辉鑫波斌宇浩凯健俊帆雪琳玲萍颖慧婷莹倩欣怡佳嘉琪瑶瑾萱涵梓轩泽睿博昊金然晨曦阳晓东林梅兰竹菊云龙虎凤祥瑞福禄寿喜贵荣富庆康宁德仁义礼智信忠孝诚毅恒永昌盛隆旺宏洪鸿"
    "达立伦君子诗语思梦雨雯菲媛媚娇婉妍姝妮娅珊珍珠瑛琴琼瑜璐璇琦琰璟玥彤彬彦卿卓群翔翰胤胜民生彩霖震雷雄峰岩岳川江河湖泉源清澈洁冰凌寒露霜霏晶星辰旭昱晟晖昕煜炎焕炜烨灿焱烁熙钧铭锋锐钰钊镇钦银铁柱根树森松柏杉桐柳荷莲莉蓉蓓蕾薇芸芬芝芹苗茜茹菁萌葵蕊蝶凡"
    "繁振挺拓奇启哲元光亮克兆勤劲卫友双善坤培基士壮夏天太夫如娥婧婵嫣姗学守宗宝宣家容宽尚山岚巧帅延弘影律忆念恩悦惠慎懿承扬政敬斐昂映景朗楠榕槐武殿毓沁沛沙洲浦淑淼渊滢滨潇澄澜烈玄玮珂珏珑琛瑄璋甜益盈睦硕祖祺禹秋积穆章童笙筠素紫纯维绪绮缘罗美翠耀耘聪肖育胡艺艾芃花若茂荃莎莺菡葆"
    "蓝蔚虹蜜衡裕觉训谦谷豪贤赞越跃轶逸邦郁郎钢锡阔雁雅青韬韵颂香馨骁骏骥魁鲁鸣鹤鹰麒麟黎默齐琨皓颜潘妹楚莽苏娴渝冉昭筱灵棋程宸悠晴月夕沐汐淇佩桃杏枝舒柔蕴榆洛屹骋驰腾翊栩羲骐朔煊煦熠炫炳铮铎珩琮璞琬珺颢颐霁霄霆靖鸥鹭妤姿妙婕玫琍歌力"
)
# and characters that they are made of too, which begin other words as often: for what stands alone
_ALSO = "举依成致用小满颖诺知继唯新先世仕以佑侠保其冠加千可合后园圆圣均城增多存宛宜宪尔尧展希广庭廷彪彰征心必怀恬恺才捷敦旋旖昀昆显曼曾有望本朵来杭柯校梧椿榛樱欢正殊汝沅沫泓津流浚浠浪涌润渤湘溪滔漫漪潮澎炯熹燃牧甫真祎祯禾秉笑简绍羽联臻舟航良芊芷苒荔荞藤言谊谨豆贝贞运进远逢遥郡闯闻雍非顺飒骄鹂奔一火皎栋果初宥熔谣赫妞楷桢梁桥标格栓桑沂泳洵涓渲滕灏煌熊牛犇狄珉珲瑗甄畅畔盼眉石磐秦笛筝粒缨翎翀翡耕肃艇芙芮苇菀菱葭蒙薪藏虞西询诠谕豫贯资路辛轲迎述逊遂遵邺郴酉采钗钟钥铃铠铸锟锦镜镭闪阁际靓鞠韶顶颉飚驹骅鲜"
_GIVEN_NAME = rf"(?!{_NO_NAME}|白金|金[银牌龙]|高[清峰]|万[家达科]|文[明案员化]|成[本立就]|白[手衣]|明星|江[河湖]|[黄白金银]金|金)(?:(?:(?:{_COMPOUND})|[{_COMMON}])[{_GIVEN}大小少一]?|[{_SURNAMES}][{_GIVEN}大小少一])[{_GIVEN}](?![鱼牌店城县区路街])"
_DOTTED = rf"{_HAN}{{1,7}}(?:\s?[·•・‧]\s?{_HAN}{{1,8}}){{1,3}}"
_OTHER = rf"(?:{_OTHER_BEGINNINGS}){_HAN}{{0,4}}?"
_LINK = r"(?:改成|改为|换成|变更为|更改为|改|换|写成|核对|确认|登记|[这那一]?栏|写的是|写的|写|填的是|填成|填|打错了|个人|应该是|应为|应当是|就是|就写|就|是|为|叫|用|请写|姓名|名字|我[爸妈]|[:=\s,\-_—(（\"“'「【]){0,4}"
_ENDS = r"(?=对[吧吗么不]|没错|[吗么]|本人|谢谢|谢了|就行|就可以|就好|即可|可以|吧|呀|啊|哦|哈|呢|哟|不[是要对叫]|别|请|麻烦|我是|要求|电话|手机|地址|身份证|微信|报关|清关|个人|才|要|会|来|的(?:快递|包裹|订单|账|收件|电话|地址|手机|名字)|收|先生|女士|小姐|老师|签收|本人|[^\u4e00-\u9fff]|$)"
_WHO = (
    r"(?:(?:收[件货]|寄件|发件|联系|联络|提货|取[件货]|代收|签收|接收|领取|购买|订[购货票]|下单|退[货款]|使用|持卡|收款|付款|经手|承办|申请|申诉|投诉|当事|开票|经办|负责|监护|投保|被?保险|受益|报关|清关|预[订约定]|入住|乘[机车]|出行)人|"
    r"收方|买家|客户|顾客|姓\s?名|名字|真名|本名|大名|全名|名称|实名(?:认证)?|户主|(?<!用)户名|开户名|账户名|抬头|落款|署名|签[名字](?=[\s:是])|刻字|车主|房主|业主|租户|法人|机主|患者|病人|考生|旅客|乘客|孩子名字|(?:学生|宝宝)(?=[:\s是叫姓名])|(?:^|[,。;\s])收件?(?=\s?[:\s])|name)"
)
# what looks like a name and is a brand, a place or a word
_NO_PERSON = (
    r"(?-i:张小泉|周大福|周生生|周大生|周六福|王老吉|王守义|王致和|王麻子|李宁|李锦记|李时珍|李渡|白玉兰|马应龙|高露洁|高洁丝|高夫|林清轩|温碧泉|叶罗丽|谢馥春|陈克明|陈李济|胡庆余|胡姬花|方太|方广|雷允上|白云|白象|金龙|金利来|安慕希|安吉|安踏|康师傅|江小白|江中|江南|江西|石家|宁德|金华|景德|"
    r"武夷|韩束|韩后|杜蕾|鲁花|史努比|戴尔|阳澄|曹操|高山|高贵|高雅|高云|华丽|华为|华夏|华硕|常青|常春|常德|安康|安庆|安宁|安静|安全|安心|康宁|康佳|温馨|温暖|温州|明明|明显|明亮|明星|明月|单独|单方|简洁|简易|平安|平顺|平静|平衡|时光|时代|成都|成功|成品|成熟|成就|白金|白糖|白银|白雪|黄山|黄金|黄河|金山|"
    r"金星|金银|金融|和平|和谐|和好|文山|文化|文明|文艺|万岁|万里|万金|万千|方正|方圆|方言|马克|马来|马蹄|马达|牛肉|牛蛙|牛角|石墨|石灰|石斛|石油|石膏|花园|花朵|花生|花香|花美|花艺|花果|水[\u4e00-\u9fff]|全心|全新|全力|全能|国[\u4e00-\u9fff]|乐[天高]|左[右手]|游泳|游[\u4e00-\u9fff]|雷克|雷达|雷神|雷蛇|"
    r"葛根|桂林|桂圆|柳州|桑叶|柏林|古典|古琴|古铜|古[\u4e00-\u9fff]|米兰|米其|米[\u4e00-\u9fff]|车[\u4e00-\u9fff]|解[\u4e00-\u9fff]|房[\u4e00-\u9fff]|强[力烈劲大壮盛]|连[\u4e00-\u9fff]|台[\u4e00-\u9fff]|应[\u4e00-\u9fff]|计[\u4e00-\u9fff]|商[\u4e00-\u9fff]|明[\u4e00-\u9fff]{1,2}(?<!明[哲浩建])|易[\u4e00-\u9fff]?(?:学|用|洗|燃|碎)|"
    r"苏[打州菲宁绣泊]|汤[勺圆姆臣]|熊[孩猫]|高[等清乐跃兴原冷大]|常[规温绿]|相[\u4e00-\u9fff]|向[上下左右前后日量往来着导阳对]|海[\u4e00-\u9fff]|项[链圈]|管[\u4e00-\u9fff]|边[\u4e00-\u9fff]|孔[雀夫]|林[海间]|沙[\u4e00-\u9fff]|云[\u4e00-\u9fff]|伊[利丽芙]|莫[名兰]|蒙[\u4e00-\u9fff]|冷[\u4e00-\u9fff]|欧[洲美元式盟码]|孔子|石家|乔[丹木]|夏[天日季凉威]|温[和润柔]|顾[家虑]|任[意性]|贺[卡岁]|于[\u4e00-\u9fff]|曲[奇线]|巧[\u4e00-\u9fff]|阳[光台春]|龙[井泉眼虾]|齐[全心天]|韩[国都版]|宋[体朝代]|唐[朝代诗装三山]|明代|金[克代秋典]|秦[朝始]|元[朝代]|梅[花子干林]|毛[呢利笔绒]|舒[\u4e00-\u9fff]|洪[水荒])"
)
SIGNS = r"\s,.;:!?()\[\]<>{}【】「」『』《》“”‘’\"'_\-—–|/、。&+=~*#@…"  # what a name that stands alone stands between
BEFORE, BEHIND = rf"(?:^|(?<=[{SIGNS}]))", rf"(?=$|[{SIGNS}])"
_CLOSED = BEHIND
_EITHER = rf"(?!{_NO_NAME}|{_NO_PERSON})(?:(?:{_COMPOUND})[{_GIVEN}{_ALSO}]{{1,2}}|[{_SURNAMES}][{_GIVEN}{_ALSO}大小少]?[{_GIVEN}{_ALSO}])"
_BORN = r"(?:(?:19|20)\d\d\s?[年./\-]\s?\d{1,2}\s?[月./\-]\s?\d{1,2}日?|(?:19|20)\d{6})"
NAMES = tuple(
    re.compile(p, _I)
    for p in (
        # a field of a record or a log, whatever it holds
        rf"(?:receiver|consignee|recipient|(?:customer|receiver|buyer|real|contact|full)_?name|收[件货]人(?:姓名)?)[\"'”]?\s?[=:]\s?[\"'“]?(?P<s>{_HAN}[{_H}·]{{1,7}})(?=$|[{SIGNS}])",
        rf"(?:尊敬的|亲爱的)(?P<s>(?=[{_SURNAMES}])(?!{_NO_NAME}){_HAN}{{2,4}}(?<![客用会户员家师友]))(?=[,:!]|您?你?好)",
        # who takes a parcel, and a form of address that opens a clause: words may be names there
        rf"(?:^|[\s,;:、\]])(?P<s>(?=[{_SURNAMES}]|{_HAN}{{1,4}}·)[{_H}·]{{2,8}}?(?<![签已没代查验回吸未请拒能可要不就才也都再亲能接丰秋到货]))收(?=$|[\s,。;!\[的])",
        rf"(?:^|[\s,。;:、!?\"“(备注\]])(?P<s>(?=[{_SURNAMES}])(?!{_NO_NAME}){_HAN}{{1,3}}?(?:先生|女士|小姐|太太|阿婆|阿公|阿伯|大叔|大爷))(?=$|[\s,。;:!?、(\[的说称问来已收反申投和订拍]|您?你?好)",
        rf"(?:^|[\s,。;:、!?\"“(\]])(?P<s>(?=[{_SURNAMES}])(?!{_NO_NAME}){_HAN}{{1,3}}?(?:同学|老师|医生|护士))(?=$|[\s,。;:!?、(\[的说称问来已收反申投和订拍要]|您?你?好)",
        # behind a word that says a name follows
        rf"(?:{_WHO}|本人|我叫|我是|请写|就写|写|寄给|转交)(?:也?是|叫)?{_LINK}(?P<s>{_DOTTED}|{_OTHER}){_ENDS}",
        # a name and a form of address, wherever no kind of goods is meant
        # a surname and a title, beside a number or where they are to be called
        # a name in another script behind a Chinese word
        rf"(?:{_WHO}|我叫|[她他]叫|叫做|名叫|同事|朋友|本人)[:\s是为叫(]{{0,3}}(?P<s>(?:Mrs?|Ms)\.?\s?[\u4e00-\u9fff]|(?-i:[A-ZÀ-Ž][a-zà-ž'’]{{1,14}}(?:\s[A-ZÀ-Ž][A-Za-zà-ž'’]{{0,14}}){{0,2}}\s?[{_COMMON}]?|[А-ЯЁ][а-яё]{{1,20}}(?:\s[А-ЯЁ][а-яё]{{1,20}}){{0,2}}))(?![A-Za-z\d])",
        rf"(?:{_WHO}|拼音名?|英文名|护照名)(?:拼音|英文)?[是为叫:=\s,\-(（\"“]{{0,4}}(?P<s>(?-i:[A-ZÀ-ỹ])[A-Za-zÀ-ỹ'’\-]{{1,20}}(?:[ /·,]{{1,2}}(?-i:[A-ZÀ-ỹ])[A-Za-zÀ-ỹ'’\-]{{0,20}}){{1,3}})",
        # beside a word for what the person is or does
        rf"(?:[敝鄙免]贵?|本人|[我他她]|师傅|老板|客服)姓(?P<s>[{_SURNAMES}])(?!{_HAN}?名)",
        # by its form, alone between signs; with a sign of a person beside it, two characters too
        rf"姓(?P<x>{_HAN})[,\s]{{0,2}}(?:名?叫做?|名)?[\s:“\"]{{0,2}}(?P<s>(?P=x){_HAN}{{1,2}}){_CLOSED}",
        # a pet name; a character so rare that only names have it; in Hong Kong a married woman, a nickname half in English
        rf"(?:小名|乳名|外号|绰号)[是叫:\s]{{0,2}}(?P<s>{_HAN}{{2,3}})(?=$|[{SIGNS}])",
        rf"(?P<s>[{_SURNAMES}]{_HAN}?[\u3400-\u4dbf\U00020000-\U0002fa1f]{_HAN}?)",
        rf"(?:^|[\s,。;:、!?]|师奶)(?P<s>[{_SURNAMES}]太)(?=[话说讲要想问收、,\s])",
        r"(?P<s>阿(?-i:[A-Z][a-z]{1,8}))(?![A-Za-z])",
        # beside a number of a person's: what is masked already
    )
)  # fmt: skip

_CAP = r"[A-ZÀ-ÞĀ-ſƠƯẠ-ỹ][\w'’\-]{1,24}"
_LATIN_NAME = rf"{_CAP}(?:\s{{1,2}}[A-Z]\.?(?=\s))?(?:\s(?:de|da|van|von|bin|binti|al|el|la|der|den|di|du|le|dos|do)\b){{0,2}}(?:\s{{1,2}}{_CAP}){{%s,3}}"
_RELATIVE = r"(?:brother|sister|mother|mom|mum|father|dad|wife|husband|son|daughter|friend|cousin|uncle|aunt|neighbou?r|boss|colleague|roommate|flatmate|partner|girlfriend|boyfriend|grandma|grandmother|grandfather|niece|nephew|assistant|secretary|landlord)"
_TOLD = (
    rf"\b(?:(?:ship|send|sent|deliver|delivered|shipped|give|gift|mail|address|post|forward|hand(?:ed)?)(?: (?:it|this|them|the (?:parcel|package|order)|out))?(?: over)? to(?: my {_RELATIVE})?|(?:my|his|her|our) {_RELATIVE}(?:['’]s name is)?,?|"
    r"name(?: should be| must be| to be)?|name on (?:the )?(?:parcel|package|label|box|account|card|order|bill|invoice)(?: is| should be| reads| says| must be)?|should (?:be|read|say)|in care of|label it(?: for| to)?|made out to|(?:in|under) the name(?: of)?|(?:parcel|package|order|delivery|invoice|receipt|should be|meant) for|(?:ordered|bought|placed|returned|purchased|booked) by|billing(?: name)?|order placed under|(?:order(?:ed)?|booked|registered|booking) under|"
    rf"on behalf of|signed(?: for)? by|received by|(?:left|leave) (?:it |them |the parcel |the package )?with(?: (?:my |the |our )?{_RELATIVE})?|handed to|picked up by|collected by|ask for|(?:change (?:the )?)?(?:name|recipient|receiver|consignee)(?: was| is)?(?: changed)? to|(?:recipient|receiver|consignee|name)(?: is| to| should be|:)|addressed to|"
    r"empf[äa]nger(?:in)?(?: ist)?|destinataire(?: est)?|destinatario(?: es)?|nombre|nom|naam|thanks|thank you|cheers|best|gr[uü](?:ß|ss)(?:e|en)?|mfg|cordialement|bien à vous|saludos|un saludo|atentamente|(?:cordiali )?saluti|groet(?:en|jes)?|mvh|pozdrawiam|saygılarımla|terima kasih|abra[çc]os?|atenciosamente|hilsen|hälsningar|(?:with |all my |much )?love,?(?: from)?(?:,? (?:grandpa|grandma|nana|mum|mom|dad|auntie?|uncle|your))?|grandpa|grandma|auntie|nana)"
)
_SAID = (
    r"\b(?:my (?:full |real |legal )?name is|my name['’]?s|name['’]s|i am called|i['’]m called|call me|they call me|ich hei(?:ß|ss)e|mein name ist|hier ist|je m['’]\s?appelle|mon nom est|moi c['’]est|me llamo|mi nombre es|mi chiamo|il mio nome è|"
    r"ik heet|mijn naam is|jag heter|mitt namn är|meu nome é|me chamo|mam na imię|nazywam się|benim adım|mera naam|(?:ich bin|je suis|soy|sono|eu sou)(?=\s[A-ZÀ-Þ][\w\-]{1,20}\s[A-ZÀ-Þ])|nama saya|t[êe]n t[ôo]i l[àa])"
)
_NO_LATIN_NAME = r"(?:Puerto|Costa|Sri Lanka|Team|Guys|Everyone|All|Chip|Customer|Christmas|Easter|Halloween|Thanksgiving|Valentine|Birthday|Mother|Father|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Tommy Hilfiger|Calvin Klein|Ralph Lauren|Michael Kors|Very|Not|So|Really|Too|The|Still|Just|Now|Good|Great|Order|New|Home|Customer|Service|United|USA|My|Your|Amazon|Support|Black|White|Blue|Red|Size|For|And|Love|Deals?|Buy|Price|Quality|Sellers?|Canada|Please|North|South|East|West|Saint|San|Los|Las|Hong|Great|Apple|Samsung|In|A|An|This|That|It|Free|Fast|We|You|They|He|She|But|I)\b"
_NO_GREETED = r"(?:Ben['’]s|Mc?Donald['’]s|Sir|Madam|Sirs|Seller|Team|Shop|Store|Friends?|All|Everyone|Valued|Buyer|Kitty|Fresh|Google|Siri|Alexa|Vis|There|Support|Dear|Manager|Vendor|Supplier|Ladies|Mr|Mrs|Ms|Dr|Kids|World|Guys|Folks|Client|Again|Merchant|Admin|Boss|Fashion|Res|Temu|Shein|Royal|DHL|UPS|FedEx|USPS|DPD|Evri|Hermes|Yodel|Australia|India|Japan|China|Swiss|Santa|Me|Us|Him|Her|Wrong|Neighbou?r|Reception|Mailbox|Locker|Someone|Nobody|Courier|Blue Dart|Sony|Walmart|Ebay|Shopify|Nike)\b"
_NO_LOWER = r"(?:not|spelled|spelt|wrong|on|in|the|a|an|misspelled|printed|written|missing|correct|incorrect|different|still|now|also|very|too|to|for|of|is|was|and|but|und|et|y|e|i|from|with|order|my|at|back|again|when|if|tomorrow|later|asap|please|before|after|or|by|phone|mobile|cell|as|what|that|it|this|only|never|always|short|long|supposed|nowhere|visible|hidden|cut|changed|same|over|once|today|now|immediately|first|anytime|maybe|soon|until|any)\b"
_NO_COMPANY = r"(?!(?:\w+\s)?(?:Electronics|Store|Shop|Ltd|Co|Inc|Trading|Tech|Official|Direct|Deals|Parts|Online|Mart|Express|Protection|Service|Support|Care|Pro|Seat|App)\b)"
_DOES = (
    r"(?:(?:delivery |customer (?:service )?|service |support |sales |shop |store |warehouse |mail |security )?(?:agent|rep|representative|driver|courier|rider|postman|mailman|mail carrier|carrier|delivery (?:guy|man|boy|person|partner|agent)|seller|vendor|merchant|owner|buyer|customer|client|"
    rf"{_RELATIVE}|manager|supervisor|technician|installer|concierge|receptionist|doorman|guard|resident|tenant|reseller|supplier|executive|staff member|exec|caretaker|porter|[Nn]achbarn?|[Nn]achbarin|[Zz]usteller|[Ff]ahrer|[Vv]erk[äa]ufer|k[äa]ufer|kunde|repartidor|vendedor|vecin[oa]|mensajero|cartero|livreur|vendeu(?:r|se)|voisine?|facteur|client|entregador|porteiro|corriere|venditore|vicin[oa]|kurier|bezorger|buurman|buurvrouw|kurir|penjual|tetangga|shipper|kurye|komşum?))"
)
_DID = r"(?=[,.!?:;)]|\s?$|['’]s?\s|\s(?:from|who|at|on|in|has|had|was|is|did|does|didn['’]?t|said|says|told|tells|called|calls|left|promised|refused|hung|never|and|with|again|for|to|will|would|can|could|keeps?|kept|asked|asks|signed|took|takes|received|accepted|ordered|wants|claims?|claimed|opened|lied|insulted|threatened|demanded|sent|gave|got|went|let|lost|[a-zà-ÿ]{2,12}(?:ed|ó|ou|é)|found|dropped|yelled|came|brought|picked|stole|threw|lo|la|le|me|impoli\w*|kasar|tidak|non|não|nie|niet|ha|no|nicht|hat|war|ist|n['’]a|a)\b)"
LATIN_NAMES = tuple(
    re.compile(p)
    for p in (
        # words alone before a masked address or number; a field for a name in languages of South-East Asia
        rf"(?:^|\n)\s?(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 1}),\s?\[(?:地址|电话|手机号)\]",
        rf"(?i:\b(?:nama|atas nama|tên|họ tên)|ชื่อ(?:บัญชี)?)\s?:?\s(?P<s>(?!{_NO_LATIN_NAME})(?!Saya|Produk|Barang|Toko){_LATIN_NAME % 1}|(?<=บัญชี\s)[\u0e01-\u0e4e]{{2,20}}\s[\u0e01-\u0e4e]{{2,24}})",
        rf"(?i:\b(?:my (?:full )?name is|name['’]?s|name is|name|recipient|consignee|receiver|addressee|attn|attention|[csdw]/o|cardholder|card holder|account holder|ship(?:ped)? to|deliver(?:ed)? to|contact person|contact|fao|att|a/a|zu h[äa]nden(?: von)?|[àa] l['’]attention de|signed|signed by|regards|sincerely|addressed to|registered to|under the name(?: of)?|customer|buyer|i['’]m called|to\s?(?=:)|z\.\s?hd(?=\.))(?:\b|(?<=d)\.)"
        rf"(?: name| is| printed| should be| must be){{0,3}}[\s:=,\-\"“'(\\]{{1,4}}n?(?<![a-z]n)(?:(?:mr|mrs|ms|miss|dr|mx|frau|herr)\.?\s)?)(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 1})",
        rf"(?i:(?:^|(?<=[,.!?;\n]))\s?(?:dear|hi|hello|hey|hallo|bonjour|hola|ciao|liebe[r]?|chère?|cher|estimad[oa]|quer?id[oa]|beste|good (?:morning|afternoon|evening))\s)(?P<s>(?!{_NO_LATIN_NAME}|{_NO_GREETED})(?:{_LATIN_NAME % 1}(?!\w)(?<!Team)(?<!Support)(?<!Service)(?<!Care)|{_CAP}(?=[,!]|\s?$)))",
        rf"(?i:\b(?:belongs? to|(?:gave|given|handed) (?:it |the parcel |the package |them |this )?to|(?:spoke|spoken|talked|chatted|dealt|chat|call|talk) (?:to|with))\s)(?P<s>(?!{_NO_LATIN_NAME}|{_NO_GREETED})(?:{_LATIN_NAME % 1}|{_CAP}(?=\s(?:at|from|in|on|and|who|yesterday|today|about|next)\b|[,.;!]|\s?$)))",
        rf"(?i:{_TOLD}\s{{0,2}}[\s:,\-]{{1,3}})(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 1})",
        rf"(?i:{_SAID}\s{{1,2}})(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 0})",
        rf"(?i:{_SAID}\s{{1,2}})(?P<s>(?!{_NO_LOWER})[a-zà-ÿ][a-zà-ÿ'’\-]{{1,15}}(?:\s(?!{_NO_LOWER})[a-zà-ÿ][a-zà-ÿ'’\-]{{1,15}})?)(?![a-z])",
        rf"(?i:\b(?:this is|here is|it['’]?s)\s{{1,2}})(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 1})(?=,? (?:I|my|here|from|again|speaking|calling|writing|who|the one|order|\[)\b|,? i['’ ])",
        rf"(?:\b{_DOES}|(?:^|(?<=[.!?]\s))(?i:{_DOES}))(?i:(?:['’]s)? name(?: is| was|:)?|,? (?:named|called))?[\s,:(]{{1,2}}(?P<s>(?!{_NO_LATIN_NAME}|{_NO_GREETED}){_NO_COMPANY}(?!{_CAP},?\s[A-Z]{{2}}\b){_LATIN_NAME % 0}){_DID}",
        rf"(?i:\b(?:signed(?: for)?(?: by)?|(?:given|handed) to|received by|accepted by|collected by|delivered to|handed to|left with|pod(?: name)?|proof of delivery(?: says| shows)?|delivery note says))[\s:\"“]{{1,3}}(?P<s>(?!{_NO_LATIN_NAME}|{_NO_GREETED}|(?:Courier|Someone|Individual|Person|Occupant|Household|Member|Neighbou?r|Reception|Resident|Mailbox|Front|Locker|Concierge|Safe|Post|Door|Agent|Driver|Security|Guard|Recipient|Parcel)\b)(?:[A-Z]\.?\s?)?{_LATIN_NAME % 0}(?:\s[A-Z](?!\w))?)(?=[,.;!)\"”]|\s?$|\s(?:at|on|but|and|who|not|instead)\b)",
        rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Mx|Herr|Herrn|Frau|Mme|Mlle|Monsieur|Madame|[Ss]e[ñn]or(?:a|ita)?|[Aa]nh|[Cc]hị|[ÔôO]ng|[Bb]ác|Srta?|Signora?|Sig(?:\.r?n?a)?|Mevrouw|Meneer|Shri|Smt|Encik|Puan|Cik|Tuan|Ibu|Bapak|Pak|Sra|Sr|Do[ñn]a|Sayın|Seu|Aling|Mang|Kuya|Ate|Familie|Fam|Famille|Familia)\.?\s{{1,2}}(?P<s>(?!(?:Oetker|Hauschka|Beckmann|Squatch|Teals?|Barbara|Browns?|Browne|Pepper|Bean|Clean|Sheen|Potato|Kipling|Muscles?|Men|Men['’]s|Martens|Meyers?|Dior|Coffee|Clean|Pepper|Brown|Scholl|Bronner|Jart|Dre|Right|Bean|Muscle)\b)(?:[A-Z]\.?\s){{0,3}}{_LATIN_NAME % 0})",
        rf"(?i:\b(?:t\.?n\.?v\.?|a/n|o/v|o\.n\.v|inhaber(?:in)?|titulaire|titular(?: de la cuenta)?|payee|beneficiary|pemilik|chủ tk|ctk|account (?:name|holder)|acc(?:oun)?t name|held by|konto von|właściciel))[\s:]{{1,3}}(?P<s>(?:[A-Z]\.?\s?){{0,3}}(?:(?:van|de|der|den|von|di|da|le|la|el|al)\s){{0,2}}{_LATIN_NAME % 0})",
        rf"(?i:\b(?:w/|buzzer(?: name)?|name on (?:the )?(?:bell|door|buzzer)|entregar (?:a|para|pro|pra)|leave (?:it )?with|left (?:it )?with|klingel(?:schild)?(?: bei)?|clochette|sonnette|interfono|campanello|timbre|kay|sama|untuk|kepada|nachbar(?:in)?))[\s:]{{1,2}}(?P<s>(?!{_NO_LATIN_NAME}|{_NO_GREETED}|(?:Reception|Neighbou?rs?|Nachbarn?|Concierge|Security|Flat|Apt|Unit|Room|Lidl|Amazon|Ihnen|Packstation)\b){_CAP})(?!\s(?:Street|St|Road|Rd|Court|House|Ave))",
        rf"\b(?:à|par|chez|avec|pour|de|que)\sM\.\s(?P<s>{_LATIN_NAME % 0})",
        rf"\bM\.\s(?P<s>{_LATIN_NAME % 0})(?=\s(?:a|est|veut|dit|demande|n['’]a|habite|souhaite|réclame|attend)\b)",
        rf"\b(?:Fr|Rev|Sgt|Cpl|Lt|Capt|Maj|Col|Sh)(?:\.|\s\(Retd?\.?\))\s(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 0})",
        # who drives, calls or is told of by name; a field of a form for a name; an initial and a surname
        rf"\b(?i:(?:your|the|my|our|this|their)\s(?:delivery )?(?:driver|rider|courier|agent|rep|postman|mailman|delivery (?:guy|man|boy|partner)|colleague|technician))\s(?P<s>(?!{_NO_LATIN_NAME}|{_NO_GREETED}){_NO_COMPANY}{_LATIN_NAME % 0})(?=\s[a-z]{{2,}}|\s?[\[\d(])",
        rf"\b(?i:(?:someone|somebody|(?:a|some|one) (?:man|woman|guy|lady|person|boy|girl|agent)) (?:called|named|by the name of))\s(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 0})",
        rf"\b(?i:cognome|apellidos?|nachname|vorname|familienname|nom de famille|pr[ée]nom|surname|last name|first name|given name|sobrenome|achternaam|voornaam|nazwisko|imię|efternamn|soyad[ıi])[\s:]{{1,3}}(?:(?:is|è|es|ist|est)\s)?(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 0})",
        rf"\b(?i:to|for|attn|c/o|by)[\s:]{{1,2}}(?P<s>(?:[A-Z]\.\s?){{1,2}}{_NO_COMPANY}(?!Crew|Lindeberg|Ferrar|Jill|Lo\b|Bean){_CAP})",
        rf"(?i:empfänger(?:in)?|recipient|consignee|destinataire|destinatario|ontvanger|mottagare|odbiorca|penerima|người nhận)\s?:\s?(?P<s>(?!{_NO_LATIN_NAME})(?:{_CAP}|[A-ZÀ-Þ]{{3,20}}))(?=\s?[,;.\n]|\s?$)",
        rf"\b(?:FE|DA|DP|(?i:exec(?:utive)?|rider|driver|courier))\s?:\s?(?P<s>(?!{_NO_LATIN_NAME}){_NO_COMPANY}{_LATIN_NAME % 0}(?:\s[A-Z](?!\w))?)",
        rf"(?:^|\n)\s?(?P<s>(?!{_NO_LATIN_NAME}|{_NO_GREETED}){_NO_COMPANY}{_CAP}\s{_CAP})(?=\s(?:called|calls|wants?|wanted|messaged|complained|emailed|phoned|rang|insists|asked for|asks for|is asking|sent back)\b)",
        rf"(?i:\b(?:anak|suami|ist[e]?ri|adik|kakak|abang|ibu|bapa|emak|mak|ayah|kawan|teman)\s(?:sy|saya|aku|gue|ku))\s(?P<s>(?!{_NO_LATIN_NAME}){_CAP})",
        rf"\b(?:bei|an|von)\s?:?\s(?P<s>(?!{_NO_LATIN_NAME}|{_NO_GREETED}|(?:Nachbarn?|Packstation|Filiale|Paketshop|Abholer|Empfänger)\b){_LATIN_NAME % 0})(?=\s(?:abgegeben|hinterlegt|zugestellt|angenommen|\(Nachbar))",
        rf"(?i:\b(?:namanya|diterima oleh|a\.n\.|bernama|tên là|người nhận))\s?:?\s(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 0})",
        rf"\[(?:电话|手机号)\],\s(?P<s>(?!{_NO_LATIN_NAME}|{_NO_GREETED}){_NO_COMPANY}{_LATIN_NAME % 1})\s?$",
        rf"(?:^|[,;(]\s?)(?i:u\.?/?p\.?)[\s:]{{1,2}}(?P<s>(?!{_NO_LATIN_NAME}){_LATIN_NAME % 1})",
        rf"(?<=[.!?])\s{{1,2}}[–—-]\s?(?P<s>(?!{_NO_LATIN_NAME}){_NO_COMPANY}{_LATIN_NAME % 1})\s?$",
    )
)  # fmt: skip

_HANGUL_NAME = r"[김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우나민진지엄채원천방공현함변염][가-힣]{2}"
_KANJI = r"[\u4e00-\u9fff々]"
# names in other scripts, behind words for them or before a form of address
NATIVE_NAMES = tuple(
    re.compile(p)
    for p in (
        r"(?:[Мм]еня зовут|[Зз]овут|[Фф]ио|ФИО|[Ии]мя|[Фф]амилия|[Пп]олучател[ья]|[Оо]тправител[ья]|на имя|[Сс] уважением|[Кк]урьер|[Мм]енеджер|[Пп]родавец|[Вв]одитель|[Сс]осед(?:ка)?|[Оо]ператор|[Мм]уж|[Жж]ена|[Уу]важаем\w{2})[\s,:—\-]{1,3}"
        r"(?P<s>[А-ЯЁ][а-яё]{1,20}(?:[\s\-][А-ЯЁ](?:[а-яё]{1,20}|\.)){0,2}|(?<=:\s)[а-яё]{3,20}(?:\s[а-яё]{3,20}){1,2})",
        r"(?<![А-Яа-яЁё])(?P<s>[А-ЯЁ][а-яё]{2,20}\s[А-ЯЁ][а-яё]{2,15}\s[А-ЯЁ][а-яё]{2,15}(?:вич|вна)|[А-ЯЁ][а-яё]{2,15}\s[А-ЯЁ][а-яё]{2,15}(?:вич|вна)|[А-ЯЁ][а-яё]{2,20}\s[А-ЯЁ]\.\s?[А-ЯЁ]\.)",
        rf"(?:이름은?|성함은?|성명|받는\s?(?:사람|분)은?|수령인(?:\s?이름)?|수취인|보내는\s?(?:사람|분)은?|예금주|기사님?|배달원|판매자|구매자|상담원|주문자|입금자|저는|담당자)(?:이름)?[\s:]{{0,3}}(?P<s>{_HANGUL_NAME})(?=입니다|이에요|예요|이고|으?로|님|씨|[이가은는]|[^가-힣]|$)",
        rf"(?<![가-힣])(?P<s>(?!구매자|주문자|상담원|이용자|고객|배송|판매자){_HANGUL_NAME})(?=\s?(?:님|씨)(?![가-힣]{{2}})|\s?(?:기사|고객)님)",
        rf"(?:氏名|お?名前は?|宛名は?|受取人は?|荷受人|送り主|届け先|担当者?|配达员|配達员|口座名义|私は|(?:[ァ-ヶー]{{1,3}})?(?:ドライバー|配達員))[\s:は「]{{0,3}}(?P<s>(?!変更|不|名|入り|间违|間違|违|違|印|字|記入|记入){_KANJI}{{1,4}}\s?(?:{_KANJI}{{1,3}}|[\u3041-\u30ff]{{2,5}}))(?=です|と申|様|さん|ではな|に変|に变|」|[^\u3041-\u9fff]|$)",
        r"(?:口座)?名[义義](?:人|は|:|\s){0,3}(?P<s>[ァ-ヶー]{2,8}\s?[ァ-ヶー]{1,8})",
        rf"(?<![\u3041-\u9fff])(?P<s>{_KANJI}{{2,5}}(?:\s{_KANJI}{{1,3}})?)(?=[\s,、(]{{0,2}}{_BORN}\s?生まれ)",
        rf"(?<![\u3041-\u9fff])(?P<s>{_KANJI}{{2,5}}(?:\s{_KANJI}{{1,3}})?)(?=様(?![子々])|さん(?:の|が|に|は|宛|から))",
        r"(?:मेरा नाम|नाम\s?:|प्राप्तकर्ता\s?:|ग्राहक\s?:)\s{0,2}(?P<s>(?!गलत|बदल|है)[\u0900-\u0963\u0970-\u097f]{2,15}(?:\s(?!है|की|का|को|में)[\u0900-\u0963\u0970-\u097f]{2,15}){0,2})",
        r"(?:ชื่อ(?:ผู้รับ|ผม|ฉัน|ลูกค้า)?|ผู้รับ|ผู้ส่ง|คุณ)[\s:]{1,3}(?P<s>(?!ผิด|สินค้า|ไม่|ส่ง|ได้|ยัง|จะ)[\u0e01-\u0e4e]{2,20}(?:\s[\u0e01-\u0e4e]{2,20})?)|(?<![\u0e01-\u0e4e])(?:นาย|นางสาว|นาง|น\.ส\.|คุณ)\s?[\u0e01-\u0e4e]{2,20}\s[\u0e01-\u0e4e]{3,20}",
        r"(?:اسمي|الاسم(?=:)|المستلم|اسم المستلم|السيدة?|الأستاذ)[\s:]{1,3}(?P<s>[\u0621-\u064a]{2,15}(?:\s(?!و|في|من)[\u0621-\u064a]{2,15}){0,2})",
        r"(?:שמי|שם)[\s:]{1,3}(?P<s>[\u05d0-\u05ea]{2,12}(?:\s[\u05d0-\u05ea]{2,12})?)",
    )
)  # fmt: skip
_FILES = r"(?:pdf|docx?|xlsx?|csv|tsv|txt|jpe?g|png|heic|webp|zip|rar|eml|pptx?|mp4|mov)"
_FILE_WORD = (
    r"(?:送修|报价|和解|协议|委托|退货|退款|换货|售后|地址|发票|面单|身份证|合同|简历|收货|投诉|聊天|质检|快递|订单|凭证|护照|银行卡|户口|证明|签收|截图|图片|照片|病历|收据|转账|报销|维修|保修|寄件|证件|录音|"
    r"invoice|resume|r[ée]sum[ée]|address|cv|refund|return|receipt|label|passport|id[ _-]?card|contract|order|letter|complaint|reklamation|retoure|devoluci[óo]n|reclamo|garantie|r[ée]clamation|warranty|statement|license|rechnung|facture|factura|chat|photo|scan)"
)
_FILE_NAME = rf"(?!{_NO_NAME})(?:(?:{_COMPOUND}){_HAN}{{1,2}}|{_HAN}{{1,7}}·{_HAN}{{1,7}}|[{_COMMON}]{_HAN}{{1,2}}(?<![裙衣裤鞋子袜帽包链机器灯桌椅床柜表单图片款色码号箱盒袋杯碗锅刀线布品店区站省市县镇街路楼册本书版件组期年月日率量价费货票址证]))"
_NO_FILE_WORD = r"(?:Order|Return|Refund|Label|List|Report|Copy|Final|Scan|Photo|Image|Export|Template|Q[1-4]|Amazon|Shopify|New|Old|The|Product|Summary|Statement|Address|Invoice|Details?|Sales?|Customer|Shop|Store|Data|Items?|Number|No|January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Size|Chart|Screenshot|Policy|Form|History|Central|Seller|Reviews?|All|Daily|Weekly|Monthly|Status|Page|Center|Centre|Requests?|Fulfillment|Payments?|Tax|Main|Test|Sample|Version|Draft|Page|File|Document|Paid|Unpaid|Date|Range|Transaction|Settlement|Inventory|FBA|FBM|FedEx|Walmart|Ebay|Tiktok|TikTok|Temu|Lazada|Shopee|Case|Claim|Reason|Reasons|Analysis)\b"
_LATIN_FILE = rf"(?!{_NO_FILE_WORD}|[A-Za-z]{{1,20}}[_\- ]{_NO_FILE_WORD})[A-ZÀ-Þ][a-zà-ÿ'’]{{1,20}}(?:[_\-. ][A-Z])?[_\-. ](?!{_NO_FILE_WORD})[A-ZÀ-Þ][A-Za-zÀ-ÿ'’]{{1,20}}".replace(
    r"\b", r"(?![a-z])"
)
FILE_NAMES = (
    re.compile(rf"(?:^|(?<=[_(（\-]))(?P<s>{_EITHER})(?=(?:[_)）\-签本的][^/\\]{{0,80}})?\.{_FILES}(?![A-Za-z0-9]))", _I),
    re.compile(rf"^(?P<s>{_GIVEN_NAME}(?<=...))(?=(?:[_\- (]?\d{{1,8}}\)?)?\.{_FILES}(?![A-Za-z0-9]))", _I),
    re.compile(rf"(?:(?<!{_HAN})|(?<=客户)|(?<=买家)|(?<=顾客)|(?<=姓名))(?P<s>{_FILE_NAME})(?=的?{_FILE_WORD}[^/\\]{{0,80}}\.{_FILES}(?![A-Za-z0-9]))", _I),
    re.compile(rf"{_FILE_WORD}{_HAN}{{0,4}}?(?:[_\-\s(（—+.]{{1,3}}|(?<=[单证票址书据同款货照图]))(?P<s>{_FILE_NAME})(?!{_HAN})(?=[^/\\]{{0,80}}\.{_FILES}(?![A-Za-z0-9]))", _I),
    re.compile(rf"(?:^|[_\-\s(—+])(?P<s>{_FILE_NAME})(?=[_\-\s)—+][^/\\]{{0,80}}{_FILE_WORD}[^/\\]{{0,80}}\.{_FILES}(?![A-Za-z0-9]))", _I),
    re.compile(rf"(?i:{_FILE_WORD})(?:[_\- ](?:for|from|of|to))?[_\-. ]{{1,3}}(?P<s>{_LATIN_FILE})(?=[_\-. (\d][^/\\]{{0,80}}{_FILES}(?![A-Za-z0-9]))"),
    re.compile(rf"^(?P<s>{_LATIN_FILE})(?=(?:['’]?s)?[_\-. ](?i:{_FILE_WORD})[^/\\]{{0,80}}\.{_FILES}(?![A-Za-z0-9]))"),
    re.compile(rf"(?i:{_FILE_WORD})[^/\\]{{0,20}}[_\- ](?P<s>{_LATIN_FILE})(?=\.{_FILES}(?![A-Za-z0-9]))"),
)  # fmt: skip
