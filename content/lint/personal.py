"""Rules about people and ways out of the group: phones, ids, cards, homes, names with homes; links, accounts elsewhere."""

from __future__ import annotations

import re

from content.findings import BLOCK, WARN
from content.lint.rules import Rule, Words, pattern
from content.masking import masked

_PERSON = Words(
    "群里不公开个人信息", "no personal data in a group",
    "遮住或改成私信，如「尾号1234的邻居」", "mask it or write in private, e.g. «the neighbour with …1234»",
    "个人信息保护法 第二十五条、第二十八条；民法典 第一千零三十四条",
)
_ELSEWHERE = Words(
    "把人引到别处的账号或链接", "leads people to an account or link elsewhere",
    "换成本店的页面，或请大家在群里 @ 客服", "use the shop's own page, or ask them to speak here",
    "微信外部链接内容管理规范；互联网广告管理办法 第十七条",
)

_GAP = r"[\s\-–—·.()_*]{0,2}"
_D = "[0-9零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖两oO]"
_PHONE = re.compile(
    rf"(?<![\d.])(?:\+?86{_GAP})?1{_GAP}[3-9](?:{_GAP}\d){{9}}(?!\d)|(?<![{_D[1:-1]}])[1一幺壹](?:\s?{_GAP}{_D}){{10}}(?!\d)"
    rf"|(?<!\d)0\d{{2,3}}[-\s)]{{1,2}}[2-9]\d{{6,7}}(?!\d)"
)
_CARD = re.compile(r"(?<!\d)(?:62|4\d|5[1-5]|3[57])\d{2}(?:[\s-]?\d{4}){2,3}[\s-]?\d{1,7}(?!\d)")
_ID = re.compile(rf"(?<!\d)[1-8]\d{{5}}{_GAP}(?:19|20)\d{{2}}{_GAP}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]){_GAP}\d{{3}}[\dx](?!\d)")
_PLACE_OF_OURS = pattern(
    r"自提|门店|店址|本店|我店|便利店|店铺|提货|取货(?:点|处)|驿站(?:地址|在)|仓库|活动室|服务中心|菜场|超市|商场|开业|新店"
    r"|广场|会场|地点|集合|底商|门面|摊位|柜台|窗口|医院|学校")
_BLOCK = r"(?:[a-z\d一二三四五六七八九十]{1,4}\s?(?:号楼|栋|幢|座|#楼?|号院|弄|期|区))"
_UNIT = r"(?:[a-z\d一二三四五六七八九十]{1,2}\s?(?:单元|门|梯))"
_ROOM = r"(?:\d{3,4}(?!\d|年|元|克|g|ml|毫|斤|份|人|箱|盒|名|号|%|套|户|件|袋|片|张|包|米)(?:室|号房|房|户)?)"
_FLAT = re.compile(
    rf"(?<!\d)\d{{1,2}}(?:楼|层)\s?-?\d{{3,4}}(?!\d|元|克|年|份|人)(?:室|房)?|{_BLOCK}\s?-?{_UNIT}?\s?-?(?:\d{{1,2}}(?:楼"
    rf"|层))?\s?-?{_ROOM}|{_UNIT}\s?-?{_ROOM}|(?<![\d码货券号订版规格])\d{{1,2}}[-#]\d{{1,2}}[-#]\d{{3,4}}(?!\d)"
    rf"|[\u4e00-\u9fff]{{2,6}}(?:路|街|大道|巷|弄|胡同)\s?\d{{1,5}}(?:号|弄)[^。!?\n,]{{0,8}}?(?:\d{{1,4}}(?:室|单元|号楼|栋)"
    rf"|{_UNIT}|{_ROOM}室)|(?:apt\.?|apartment|room|flat|unit)\s?#?\d{{2,5}}[a-z]?\b|\d{{1,5}} [a-z]+ (?:street|st|road|rd"
    rf"|avenue|ave|lane)\b.{{0,12}}(?:apt|room|flat|unit|#)\s?\d+",
    re.IGNORECASE,
)
_NAME = (
    r"(?:欧阳|司马|上官|诸葛"
    r"|[赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏苏潘葛范彭郎鲁韦马苗方俞任袁柳唐罗薛雷贺倪汤殷毕郝安常傅齐康伍余顾孟黄萧尹姚邵汪毛戴宋庞熊纪舒屈项祝董梁杜阮蓝闵季贾路江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍万柯管卢莫房丁邓洪包石崔吉龚程邢裴陆荣翁甄封储段侯宁甘武刘龙叶白赖乔谭姬申冉桑牛尚温庄柴瞿阎连习艾容向易廖耿匡文欧聂晁敖曾沙关游岳](?:[\u4e00-\u9fff]{1,2}"
    r"|(?:先生|女士|小姐|太太|阿姨|叔叔|大爷|奶奶|爷爷|大姐|姐|哥|叔|姨|总)))"
)
_LISTED = re.compile(
    r"(?:名单|未取|欠款|中奖|退款|未付|拖欠|补差|漏单"
    rf"|取货的?)[^。!?]{{0,6}}[::]\s*(?:[^。!?\n]{{0,12}}?{_NAME}[,、;\s和(]*){{2,}}|(?:收[货件]人|联系人|姓名|户名"
    rf"|name)(?:是|为|:|：)?\s?{_NAME}[\s\S]{{0,30}}(?:地址|住|电话|手机|\d{{3,}}室?|栋|号楼)"
    rf"|{_NAME}[\s,(:的在家住]{{0,4}}(?:{_BLOCK}|[a-z\d]{{1,3}}栋)\s?-?(?:{_UNIT}|{_ROOM}|\d{{1,2}}楼)|(?:{_UNIT}"
    rf"|{_ROOM})的?(?:那位|住户|业主|户主)?{_NAME}(?=[,。!?\s、:]|$|你|家|的|请|把|在|又)"
    rf"|住(?:在)?[^,。!?\n]{{0,8}}{_BLOCK}\s?{_UNIT}?\s?{_ROOM}?的{_NAME}"
)
_MAIL = re.compile(r"[a-z0-9._+-]{2,40}@[a-z0-9-]{2,30}\.(?:com|cn|net|org|edu|io|me)\b", re.IGNORECASE | re.ASCII)

_WX = (
    r"(?:(?:微|wei)\s?信|[微威薇维卫唯魏伟崴葳]\s?(?:信|芯|心|新|xin|星|x)(?!机|座|电视|鲜|意|型)"
    r"|微(?=:?[a-z][a-z0-9_-]{4,})|(?<![a-z])(?:wx(?![0-9a-f]{4,})|vx|v信|v❤|v♥|wechat|weixin|wei\s?xin)|(?<![a-z])v(?=:|号|同"
    r"|(?<=加v)\s?[a-z0-9_-]{5,}))"
)
_ACCOUNT = re.compile(
    rf"(?:加|➕|\+)(?:我|他|她|一下|下|客服|团长|老板|店主|好友|私人|小号|个|群主)*\s?(?:的)?\s?(?:{_WX}"
    r"|(?<![a-z])v(?![a-z领cC])|[薇威](?![海风严廉]))(?!群里|支付|步数|好友都)(?:号|详|私|好友|了解|聊|,|。|!|$|:|进|领|\s)"
    rf"|{_WX}(?:号码?|id|同号|账号|搜|上搜)?\s?(?:索|是|为|:)?\s?[a-z][a-z0-9_-]{{4,24}}|{_WX}\s?(?:号|id|同号|同步)\s?(?:是"
    rf"|为|:)?\s?[a-z0-9_-]{{5,}}|{_WX}同号|(?:加|私)(?:我|一?下)?(?:的)?\s?(?:{_WX}|v信)(?!群|支付)"
    r"|(?:(?<![a-z])qq|扣扣|企鹅|口口|秋秋|蔻蔻|球球)\s?(?:群|号|同号)?\s?(?:码)?(?:是|为|:)?\s?[1-9]\d{4,11}|(?:\+|加"
    r"|\b)q\s?:?\s?[1-9]\d{5,10}|(?:扣群|q群)[:是]?\s?\d{5,}|(?<![a-z0-9/._-])(?:wx(?![a-z.\d])|vx(?![a-z.]|[0-9a-z]{8}))|(?:企鹅|扣扣|q|扣)裙"
    r"|裙号?[:是]?\s?\d{6,}|私我(?:拿|领|买|下|看|要|订|发|付)|(?:加|进)(?:我|入)?\s?(?:qq|扣扣|企鹅号|企鹅群|扣群|q群|裙)"
    r"|(?:电报|飞机|telegram|whatsapp|tg|line)\s?(?:群|号|id|:|@)+\s?@?[\w+]{4,}|(?:抖音|快手|小红书|闲鱼)号?\s?(?:是|:"
    r"|搜)\s?[\w]{4,}|add (?:me|us|my)? ?(?:on )?(?:wechat|whatsapp|telegram|line)|(?:私聊|单聊|私信|私我|滴滴我"
    r"|私加)(?:我)?.{0,6}(?:更便宜|内部价|底价|优惠|低价|返现|转账|红包)|(?:绕开|不走|跳过)平台",
    re.IGNORECASE,
)
_DISGUISED = re.compile(
    r"(?:[a-z0-9-]{1,4}\s){2,20}\s?[.。·]\s?(?:[a-z]\s?){2,4}(?![a-z])|h\s?t\s?t\s?p\s?s?\s?:\s?/\s?/\s|#小程序://|(?!(?:www|https?|wap)(?:\.|://)[a-z0-9-]+\.[a-z])(?:www|https?|wap)\s?[.。·,点:]\s?/{0,2}\s?[a-z0-9-]{2,}\s?[.。·,点]\s?[a-z]{2,6}|[a-z0-9-]{2,30}\s?(?:点|。|\[点\]"
    r"|\(点\)|\[\.\]|\(dot\)| dot |丶)\s?(?:com|cn|net|top|xyz|cc|vip|shop|me|io|org|tv|club|site)(?![a-z])"
    r"|(?<![a-z0-9])(?:t\.cn|dwz\.cn|url\.cn|bit\.ly|suo\.im|tinyurl\.com|goo\.gl|u\.jd\.com|m\.tb\.cn|s\.click\.taobao\.com"
    r"|t\.me|mrw\.so|dwz\.[a-z]+|rrd\.me|w\.url\.cn|c\.tb\.cn|v\.douyin\.com|is\.gd|ow\.ly|reurl\.cc|pse\.is|lnkd\.in"
    r"|cutt\.ly|t\.hk|6du\.in|suo\.[a-z]{2,3}|3\.cn|wa\.me)/?[\w/?=&%-]*"
    r"|[¥￥€₤$《(]\s?[a-z0-9]{9,14}\s?[¥￥€₤$》)]|淘口令|复制(?:这段|本段|这条|整段)?.{0,20}(?:打开|去)(?:手机)?(?:淘宝|京东"
    r"|拼多多|抖音|天猫|app|浏览器)|口令.{0,10}(?:打开|复制)",
    re.IGNORECASE,
)


def _masked(words: str) -> str:
    return masked(words)


RULES = (
    Rule("phone", BLOCK, _PHONE, _PERSON, "1一幺壹0", is_plain=True, rewrite=_masked),
    Rule("id_number", BLOCK, _ID, _PERSON, "12345678", is_plain=True, rewrite=_masked),
    Rule("bank_card", BLOCK, _CARD, _PERSON, "3456", pattern(r"订单号?[:\s]?\d|货号|条码|快递单|运单|单号"), is_plain=True, rewrite=_masked),
    Rule("home", BLOCK, _FLAT, _PERSON, "号栋幢座弄院单元门梯#-期区arfus楼", _PLACE_OF_OURS, is_deniable=False, rewrite=_masked),
    Rule("named", BLOCK, _LISTED, _PERSON,
        "名未欠中退拖补漏取收联姓户n栋号幢座住期区弄院楼#单元门梯0123456789", _PLACE_OF_OURS, is_deniable=False, rewrite=_masked),
    Rule("mail", WARN, _MAIL, _PERSON, "@", is_plain=True, rewrite=_masked),
    Rule("account", BLOCK, _ACCOUNT, _ELSEWHERE, "微威薇维卫wvWV加私q扣企口秋蔻球电飞tl抖快小闲裙a单滴绕不跳➕裙"),
    Rule("hidden_link", BLOCK, _DISGUISED, _ELSEWHERE, "wh点。.丶t¥￥€₤$《(淘复口#·", is_plain=True),
)
