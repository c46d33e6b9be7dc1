"""Rules about offers: prices of before, hurry, invented buyers, gambling, bought reviews, and values left out."""

from __future__ import annotations

import re

from content.findings import BLOCK, WARN
from content.lint.rules import Rule, Words, pattern

_HURRY = Words(
    "虚构的紧迫或热销，误导购买", "invented hurry or demand", "写真实的截止时间和库存，如「今晚10点截止，还剩12份」",
    "give the real end and stock, e.g. «until 10 pm, 12 left»", "反不正当竞争法 第九条；电子商务法 第十七条；明码标价和禁止价格欺诈规定 第十九条",
)
_BET = Words(
    "像赌博、下注或付费抽奖", "reads like betting or a paid lottery", "改成免费参加、一人一次的小游戏", "make it a free game, one turn each",
    "治安管理处罚法（赌博）；刑法 第三百零三条；反不正当竞争法 第十一条",
)
_GAIN = Words(
    "承诺收益或保本", "promises gains without risk", "删去；群里只谈商品", "leave it out", "广告法 第二十五条；防范和处置非法集资条例",
)
_REVIEW = Words(
    "用好处换好评，或编造评价、交易", "buys or invents reviews or sales", "改成「欢迎如实评价」", "write «honest reviews are welcome»",
    "电子商务法 第十七条；反不正当竞争法 第九条",
)
_BEFORE = Words(
    "原价高得不像真的：原价应是之前真实成交过的价格", "the price of before is too high to be true: it must have been paid",
    "写近期真实卖过的价格，或只写团购价", "give a price really paid lately, or the team price alone",
    "明码标价和禁止价格欺诈规定 第十九条；价格法 第十四条",
)
_VALUE = Words(
    "模板里的值没有填上", "a value of the template was not filled in", "填上内容，或删去这一处", "fill it in, or leave it out",
    "团长：模板缺值不发送",
)

FEW_TIMES = 4  # a price of before that is so many times today's is doubted
_NUMBER = r"(\d{1,6}(?:\.\d{1,2})?)"
_OLD_AND_NEW = re.compile(
    rf"(?:原价|市场价|专柜价?|吊牌价|门市价|官网价|商场价|厂家指导价|建议零售价|零售价|日常价|平时(?:卖|价)?|价值|以前卖|was|originally)(?:是|为|要|卖|:|¥|￥|rmb|\$|约|高达)*\s?{_NUMBER}"
    rf"[^\n。!?\d]{{0,20}}?(?:价|现在|团购|今天|今日|今晚|只要|仅需?|只需|到手|特价|秒杀|拼团|群[里内友]|福利|抢|卖|now|only|¥)(?:只要|仅需?|要|只需|是|为|卖|价|:|¥|\$)*\s?{_NUMBER}(?!\d|\s?(?:%|ml|g|克|斤|个|包|折|点|日|号|月))"
)


class _Before:
    """Finds prices of before that are many times the price of now."""

    def finditer(self, text: str) -> list[re.Match[str]]:
        return [
            found for found in _OLD_AND_NEW.finditer(text)
            if float(found[2]) * FEW_TIMES <= float(found[1])
        ]


RULES = (
    Rule("fake_before", WARN, _Before(), _BEFORE, "原市专吊门官商厂建零日平价以wo", is_deniable=False),
    Rule(
        "hurry", WARN,
        pattern(
            r"(?:厂家|工厂|厂|店铺?|公司)(?:要|快|即将|马上|已经)?(?:倒闭|破产|跑路)|倒闭清仓|老板(?:跑路|疯了|娘?跑了|赌输)|(?:亏本|赔本|跳楼|流泪|吐血|挥泪|血亏|亏到|赔钱)(?:大?甩卖|甩|清仓|送|卖|价|处理|赚吆喝)|错过(?:今天|这次|了|就|再)?(?:要|就|会|将|,|再)?(?:等|没|后悔)(?:一?(?:年|辈子|终身|十年|半年)|一辈子|终生|哭)|后悔(?:一辈子|终生|一整年|十年)",
            r"(?:全国|全网|全城|全民|全小区|万人|百万人|千人|几十万人)(?:都在)?(?:疯抢|抢疯|爆抢|哄抢|疯狂|抢购)|\d+(?:万|千|w|k)?\+?(?:多)?(?:个|位|名)?(?:人|家庭|妈妈|宝妈|邻居|用户)(?:正在|已经?|都在|同时)?(?:疯?抢(?:购|光|疯)?|围观|在线抢|排队抢|在抢|哄抢)|刚刚.{0,6}(?:又|已)(?:有|被)?\d{2,}(?:人|单|位|个人)?.{0,4}(?:下单|付款|抢|买|拍|成交)|再不(?:抢|下手|买|下单|拍)(?:就|可)?.{0,4}(?:没|涨|绝|后悔|断货)|(?:其实|永远|每天都)是?最后|(?:即将|明天|马上|今晚过后|过了今晚)(?:就)?(?:永久)?(?:恢复原价|涨价\d|翻倍|绝版|永远|再也)|最后一次机会.{0,8}(?:永远|再也|不再)|以后(?:再也|永远)(?:没有|不会有|买不到)|最后\d+(?:秒|分钟).{0,6}(?:疯|抢|快|倒计时)",
            r"(?:小号|水军|托儿|马甲|机器人)(?:们)?.{0,8}(?:在群里|刷|带节奏|接龙|下单|喊|炒|凑|冒充|假装|跟单|气氛)|(?:假装|冒充|假扮).{0,6}(?:顾客|买家|群友|邻居|客户|下单|抢)|(?:凑|充|刷|虚构|伪造|制造)(?:一?些?)?(?:人数|假单|人气|销量|群员|热闹)|millions? of people|everyone is buying|last chance ever",
        ),
        _HURRY, "厂店公倒老亏赔跳流吐挥血错后全万百千几人家妈邻用刚再其永每即明马今过最以小水托机假冒凑充刷虚伪制me l",
    ),
    Rule(
        "gambling", BLOCK,
        pattern(
            r"下注|押注|押(?:[^,。金韵]{0,8})(?:赢|冠军|比分|胜|翻)|(?:赢|中|猜对)了?翻(?:[一二两三四五十几百\d]+)?[倍番]|赢家通吃|押(?:大|小|中|单|双|宝)|(?:猜|买|赌)(?:大小|单双|涨跌)|赌(?!气|场失意|神电影|一把运气|书|徒)|(?:一|1|几|0\.1|十)(?:元|块|分)钱?(?:夺宝|购|博|抽|赢|开|秒中|中)(?!物|买|芹|到|包|个|一|袋)|夺宝|赔率|1赔\d|彩金|买码|六合彩|特码|包中|(?:时时|福利|私|网络|北京赛)彩|百家乐|老虎机|斗牛赢|炸金花|捕鱼赢|棋牌.{0,6}(?:钱|现金|充值|提现|赢)|开奖(?:号|结果|网)|刮刮乐|刮奖.{0,6}\d元一|(?:元|块)(?:一|1)次.{0,12}(?:抽|赢|中|最高)|(?:抽奖?|转盘|盲盒|摇奖|砸蛋|福袋|抓阄|开箱)[^。!?\n]{0,8}(?:\d+|[一二两三五十])(?:元|块)(?:钱)?(?:一|1|/|每)?(?:次|张|抽|把|回)|(?:每次|一次|一把|每注|一注|一张)(?:只要|只需)?\d+(?:元|块).{0,12}(?:奖|中|赢|抽)|充(?:值)?\d+.{0,4}(?:送|返|赢|翻|抽)\d+.{0,10}(?:猜|玩|赢|转|赌|抽|开)|(?:猜|玩|打牌|游戏|竞猜).{0,8}赢(?:现金|钱|大奖|红包\d|彩)|翻(?:十|百|2|两|几|\d+)倍|连本带利|回血上岸|上岸稳|竞猜.{0,10}(?:现金|本金|押|充|投)|(?:lottery|betting|casino|gambl\w+|place your bets?|jackpot)",
        ),
        _BET, "", pattern(r"打赌|赌博(?:有害|违法|害)|营养翻|倍放|翻倍(?:加量|膨胀)|放大\d+倍|不赌|快闪店|面团.{0,6}发|发(?:酵)?至?.{0,4}倍|一块购物"),
    ),
    Rule(
        "promised_gain", BLOCK,
        pattern(r"稳赚|稳赢|包赚|必赚|保本|保收益|零风险.{0,6}(?:收益|投资|赚)|高(?:收益|回报|额返利)|(?:月|日|天|年)(?:返|化收益|息|收益|分红)\d+%|每[天月日](?:返|收益|分红)\d|(?:投|投资|存)\d+.{0,6}(?:返|得|变|赚|收)|躺赢|翻本|(?:原始|内部)股|(?:虚拟|数字)(?:币|货币).{0,6}(?:涨|赚|投|买)|guaranteed (?:profit|return|income)"),
        _GAIN, "稳包必保零高月日天年每投存躺翻原内虚数g",
    ),
    Rule(
        "bought_review", WARN,
        pattern(r"(?:五星|5星|好评|晒单|晒图|追评|带图评价|给个?好评)[^。!?\n]{0,10}?(?:返(?!厂)|红包|送(?!货|到)|奖励|得\d|领\d|补贴|免单)|(?:好评|五星)(?:返现|有礼)|刷(?:单|好评|销量|信誉)|删(?:除)?差评.{0,6}(?:红包|返|元|送)|five[- ]star review.{0,20}(?:get|gift|cash|refund|free)"),
        _REVIEW, "好评五5晒追带给刷删f",
    ),
    Rule(
        "missing_value", BLOCK,
        re.compile(
            r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}|\$\{[^}\n]{0,60}\}?|\{[a-z_][\w.]{0,40}\}|\{[\u4e00-\u9fff]{1,8}\}|\{\d?\}|<%=?.{0,40}%>|%\(?[a-z_]+\)s|%[sd](?![a-z])|#\{?\w{1,20}\}|\[\[?\s?(?:昵称|姓名|名字|商品名?|商品名称|价格|团购价|时间|日期|群名|店名|链接|数量|产品|客户|填写.{0,6}|name|price|product|date|link|time|nickname|group|amount|your \w+|insert \w+)\s?\]?\]"
            r"|【(?:昵称|姓名|名字|商品名?|商品名称|产品名称?|价格|团购价|时间|日期|群名|店名|链接|数量|产品|客户|填写.{0,6}|此处.{0,8}|待填|待定|插入.{0,6})】|<(?:昵称|姓名|商品名?|价格|时间|日期|name|price|product|date|link|time|nickname)>|(?<![a-z0-9])(?:undefined|nan|null|none)(?![a-z0-9])(?=\s?(?:元|个|份|名|位|块|斤|,|。|!|$|[\u4e00-\u9fff]|yuan|at|left))|[¥￥$:]\s?(?:nan|none|null|undefined)|(?<![a-z])[x×]{2,}\s?(?:元|块|点|月|日|号|份|先生|女士|人|商品|年|分|折|小区|斤|店|同学|品牌)|(?<=[价:为])\s?[x×]{2,}(?![a-z])|某某(?:商品|产品|元|品牌|小区|店)|\bxx+\b元|_{3,}(?:元|份|点)|(?:待补充|待填写|此处填|tbd\b|todo\b|lorem ipsum)|\[object object\]",
            re.IGNORECASE,
        ),
        _VALUE, "{}%$<[【unx×某_待此tl#", is_plain=True,
    ),
)  # fmt: skip
