"""What a person answers and no model ever sees: health, law, complaints, refunds, and orders given to us; pure."""

from __future__ import annotations

import re

from content.knowledge import normalise

_SIGNS = re.compile(r"[^\w]+|_+")

_TOPICS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("health", re.compile(
        r"过敏|孕妇|孕期|怀孕|备孕|哺乳|月子|糖尿|血糖|血压|血脂|尿酸|痛风|胆固醇|心脏|肾|肝|胃(?:病|痛|疼|不好|炎|溃疡)|癌|肿瘤|化疗|手术|术后|"
        r"医生|医院|大夫|看病|治病|治疗|治(?:好|得|不)|能治|疗效|药(?!膳锅|水肥)|吃坏|拉肚子|腹泻|呕吐|头晕|发烧|发热|中毒|食物中毒|"
        r"副作用|忌口|禁忌|相克|减肥|降(?:血|三高|糖|火)|三高|补肾|壮阳|痔疮|湿疹|荨麻疹|起疹|皮疹|婴儿|宝宝(?:能|可以|几个月)|新生儿|几个月(?:能|可以)|"
        r"病人|患者|症状|诊断|剂量|保健|养生功效|功效|allerg|pregnan|diabet|medic|doctor|disease|symptom|poison|guomin"
    )),
    ("law", re.compile(
        r"律师|起诉|告你|告你们|法院|法律|违法|犯法|合法吗|侵权|维权|消协|消费者协会|工商|市场监管|监管局|(?<!\d)12(?:315|345)(?!\d)|报警|派出所|警察|合同|"
        r"假一赔|退一赔|赔三|赔十|十倍|三倍赔|索赔|欺诈|诈骗|广告法|食品安全法|消费者权益|条款|发票.{0,4}(?:违|假)|"
        r"lawyer|legal|lawsuit|sue\b|police|illegal|court"
    )),
    ("complaint", re.compile(
        r"投诉|举报|差评|曝光|骗子|骗人|骗钱|坑人|坑爹|黑心|垃圾|太差|什么态度|态度(?:差|恶劣|不好)|恶心|气死|忽悠|虚假|假货|假的吧|是假的|"
        r"变质|发霉|霉了|臭了|烂了|坏了|坏的|馊|异味|虫|头发丝|异物|过期|少发|漏发|发错|没收到|缺斤|少两|短斤|不新鲜|压坏|破了|碎了|漏了|"
        r"complain|scam|fake|rotten|mou?ldy|cheat|tousu"
    )),
    ("refund", re.compile(
        r"退款|退钱|退货|退换|退一下|退掉|退了|能退|可退|要退|想退|申请退|怎么退|给退|退给|不退|仅退|退运费|退差价|赔偿|赔付|赔钱|赔我|赔吗|怎么赔|赔多少|"
        r"补偿|售后|取消订单|撤单|返现|返钱|换货|refund|return\b|money ?back|compensat|tuikuan|tuihuo|tuiqian"
    )),
    ("instructions", re.compile(
        r"(?:忽略|无视|忘记|忘掉|不要理会|别管|作废|覆盖|绕过|跳过|解除).{0,10}(?:指令|规则|设定|提示|要求|约束|限制|上文|前文|一切|所有)|(?:以上|之前|前面|上面|系统|你的)(?:的)?(?:所有)?(?:指令|规则|提示|设定|要求|约束)|"
        r"提示词|系统提示|系统消息|开发者模式|越狱|扮演|假装|假设你|你现在是|从现在(?:起|开始)|角色扮演|"
        r"输出.{0,8}json|json.{0,8}输出|直接回复|原样(?:输出|重复|回复)|复述|重复(?:以下|下面|这句)|翻译(?:以下|下面|成)|base64|解码|"
        r"ignore|disregard|forget (?:all|every|your|the|previous)|system ?prompt|instruction|developer mode|jailbreak|"
        r"pretend|act as|role ?play|you are now|\bdan\b|override|<\||\bassistant\b|\bsystem\b|\"cited\"|\"answer\"|hulue"
    )),
)


def why_a_person(text: str) -> str | None:
    """The topic that keeps a question from the model, None when it may be asked. Signs and spaces put between the
    characters do not hide a word, nor do traditional characters."""
    plain = normalise(text)
    tight = _SIGNS.sub("", plain)
    for topic, words in _TOPICS:
        if words.search(plain) or words.search(tight):
            return topic
    return None
