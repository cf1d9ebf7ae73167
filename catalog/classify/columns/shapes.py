"""Shapes of cells that have no check digit: (form, pattern, classes of cells tried, lengths, weight).

Rule: patterns take linear time, as those of texts do.
"""

import re
from typing import Final

_DATE: Final = r"(?:19|20)[0-9]{2}(?:[-/.](?:1[0-2]|0?[1-9])[-/.](?:3[01]|[12][0-9]|0?[1-9])|年(?:1[0-2]|0?[1-9])月(?:3[01]|[12][0-9]|0?[1-9])日|(?:1[0-2]|0[1-9])(?:3[01]|[12][0-9]|0[1-9]))"
_TIME: Final = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
_BRANDS: Final = r"(?:iPhone|iPad|HUAWEI|Huawei|HONOR|Honor|MI|Mi|Redmi|Xiaomi|OPPO|vivo|VIVO|OnePlus|SM-|Samsung|realme|Meizu|华为|小米|荣耀|红米|苹果|三星|魅族|一加)"


def _shape(
    name: str, pattern: str, classes: str, lengths: tuple[int, int], weight: float
) -> tuple[str, re.Pattern[str], str, int, int, float]:
    return name, re.compile(pattern, re.DOTALL), classes, *lengths, weight


SHAPES: Final = (
    _shape("flag", r"[01YNTF是否有无]|true|false|True|False|TRUE|FALSE|yes|no", "DAH", (1, 5), 0.35),
    _shape("small_code", r"[0-9]{1,2}|[A-Z]", "DA", (1, 2), 0.2),
    _shape("integer", r"-?[0-9]{1,15}", "DS", (1, 16), 0.2),
    _shape("decimal", r"-?[0-9]{1,15}\.[0-9]{1,9}", "S", (3, 26), 0.42),
    _shape(
        "money",
        r"-?(?:[¥￥$]|RMB|CNY)? ?(?:[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,12})(?:\.[0-9]{2})|(?:[¥￥]|RMB|CNY) ?[0-9]{1,12}",
        "SH",
        (2, 30),
        0.45,
    ),
    _shape("percent", r"-?[0-9]{1,3}(?:\.[0-9]{1,6})?%", "S", (2, 14), 0.7),
    _shape("score", r"[3-9][0-9]{2}", "D", (3, 3), 0.3),
    _shape("date", rf"{_DATE}(?:[T ]00:00(?::00(?:\.0{{1,9}})?)?)?", "DSH", (8, 29), 0.75),
    _shape(
        "datetime", rf"{_DATE}[T ]{_TIME}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?|(?:19|20)[0-9]{{12}}", "DSH", (12, 40), 0.8
    ),
    _shape("epoch", r"1[0-9]{9}|1[0-9]{12}", "D", (10, 13), 0.5),
    _shape("serial", r"[0-9]{6,40}", "D", (6, 40), 0.3),
    _shape("code", r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9_./-]{3,60}", "SA", (4, 61), 0.3),
    _shape("uuid", r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", "S", (36, 36), 0.85),
    _shape("uuid_upper", r"(?=.*[A-F])[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}", "S", (36, 36), 0.9),
    _shape(
        "hex", r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9A-F]{32}|[0-9A-F]{40}|[0-9A-F]{64}", "SDA", (32, 64), 0.85
    ),
    _shape("hex16", r"(?=.*[a-f])[0-9a-f]{16}", "SA", (16, 16), 0.7),
    _shape("base64", r"[A-Za-z0-9+/_-]{24,100000}={0,2}", "SA", (24, 100_000), 0.5),
    _shape(
        "vector", r"\[? ?-?[0-9]\.[0-9]{2,12}(?:[,; ] ?-?[0-9]\.[0-9]{2,12}){15,2047} ?\]?", "S", (60, 60_000), 0.97
    ),
    _shape("long_base64", r"[A-Za-z0-9+/]{240,100000}={0,2}", "SA", (240, 100_000), 0.8),
    _shape("url", r"(?:https?|ftp|oss|s3|hdfs)://[^\s]{3,2000}", "SAH", (8, 2048), 0.6),
    _shape(
        "image",
        r"data:image/[a-z]{3,5};base64,.{20,}|[^\s]{1,400}\.(?:jpg|jpeg|png|webp|bmp|gif)",
        "SAH",
        (5, 200_000),
        0.7,
    ),
    _shape(
        "face_image",
        r"(?:[^\s]{0,300}[/_-])?(?:face|faces|liveness|selfie|portrait|renlian|huoti|人脸|活体)[^\s]{0,200}\.(?:jpg|jpeg|png|webp|bmp)",
        "SAH",
        (8, 600),
        0.97,
    ),
    _shape(
        "id_photo",
        r"[^\s]{0,300}(?:id_?card|idcard|sfz|id_front|id_back|identity_card|身份证)[^\s]{0,200}\.(?:jpg|jpeg|png|webp|bmp|pdf)",
        "SAH",
        (8, 600),
        0.97,
    ),
    _shape(
        "tracking", r"(?:SF|YT|ZTO|STO|JD|JDV|EMS|YD|JT|DPK|ZT|HT)[0-9A-Z]{9,16}|E[A-Z][0-9]{9}CN", "S", (11, 20), 0.88
    ),
    _shape("icd", r"[A-TV-Z][0-9][0-9](?:\.[0-9x]{1,3})?", "S", (3, 7), 0.6),
    _shape(
        "postcode", r"(?:0[1-7]|1[0-6]|2[0-7]|3[0-6]|4[0-7]|5[1-7]|6[1-7]|7[1-5]|8[134])[0-9]{4}", "D", (6, 6), 0.45
    ),
    _shape(
        "company",
        r"[一-龥A-Za-z0-9()·]{2,40}(?:公司|集团|工厂|事务所|医院|合作社|经营部|商行|工作室|研究院|管理局|税务局|公安局|派出所|支行|分行|门市部|制造厂|中心小学|加工厂|委员会)",
        "H",
        (4, 60),
        0.9,
    ),
    _shape(
        "school",
        r"[一-龥]{2,20}(?:大学|学院|高等专科学校|职业技术学校|技师学院|第[一二三四五六七八九十]+中学|师范学校)(?:[ ,/·-]?[一-龥A-Za-z0-9]{0,24}(?:专业|系|班|级|在读|毕业|统招|本科|专科))?",
        "H",
        (4, 60),
        0.92,
    ),
    _shape(
        "merchant",
        r"[一-龥A-Za-z0-9()·'& -]{1,30}(?:店|超市|餐厅|饭店|酒店|便利店|书店|药房|加油站|商场|外卖|网吧|影城|奶茶|咖啡|火锅|烧烤|打车|出行|商城|旗舰店|专营店|水果行|面馆|小吃)(?:[(][一-龥A-Za-z0-9]{1,14}[)])?",
        "H",
        (3, 50),
        0.88,
    ),
    _shape(
        "items", r"[^*×\n]{1,50}[*×] ?[0-9]{1,4}(?:[;,、|][^*×;\n]{1,50}[*×] ?[0-9]{1,4}){0,60}", "SH", (3, 4000), 0.9
    ),
    _shape(
        "items_json",
        r"\[\{[^\n]{0,80}\"(?:sku|item|goods|product|sku_name|goods_name|商品)\"[^\n]*",
        "SAH",
        (10, 20_000),
        0.93,
    ),
    _shape(
        "contacts_json",
        r"\[\{[^\n]{0,80}\"(?:name|姓名|contact)\"[^\n]{0,120}\"(?:phone|mobile|tel|电话)\"[^\n]*",
        "SAH",
        (10, 60_000),
        0.96,
    ),
    _shape("json", r"[\[{][^\n]*[\]}]", "SAH", (2, 100_000), 0.5),
    _shape(
        "logistics_text",
        r"[^\n]{0,200}(?:快件|包裹|揽收|派送|签收|运输中|转运中心|驿站|派件)[^\n]{0,300}",
        "H",
        (4, 600),
        0.87,
    ),
    _shape("path_flow", r"[^\s>→]{1,60}(?: ?(?:>|->|→) ?[^\s>→]{1,60}){1,80}", "SAH", (3, 6000), 0.9),
    _shape(
        "report",
        r"(?:<\?xml[^\n]{0,200})?[^\n]{0,400}(?:个人信用报告|征信报告|信用报告|CreditReport|PBOC|报告编号)[^\0]*",
        "SAH",
        (10, 100_000),
        0.95,
    ),
    _shape("user_agent", r"(?:Mozilla|Dalvik|okhttp|Opera)/[0-9.]{1,8}[^\n]{0,500}", "SH", (8, 600), 0.97),
    _shape("device_model", rf"{_BRANDS}[ -]?[A-Za-z0-9一-龥+ -]{{1,30}}", "SAH", (2, 40), 0.88),
    _shape(
        "packages",
        r"(?:com|cn|org|tv|net)\.[a-zA-Z0-9_]{1,40}(?:\.[a-zA-Z0-9_]{1,40}){1,6}(?:[,;|](?:com|cn|org|tv|net)\.[a-zA-Z0-9_.]{3,120}){0,200}",
        "SA",
        (6, 8000),
        0.92,
    ),
    _shape("id_list", r"(?:[a-z]{1,8}_?[0-9]{2,16})(?:[,;|] ?[a-z]{1,8}_?[0-9]{2,16}){1,500}", "S", (5, 20_000), 0.9),
    _shape(
        "loan_terms",
        r"[^\n]{0,40}(?:[0-9]{1,3}(?:期|个月))[^\n]{0,60}(?:年化|利率|等额|先息|本金|日息|月息)[^\n]{0,60}",
        "H",
        (4, 160),
        0.93,
    ),
    _shape(
        "income",
        r"(?:月|年)?(?:薪|收入|入|工资)[^\n]{0,12}[0-9]{3,9}(?:\.[0-9]{1,2})?(?:元|万)?[^\n]{0,20}|[0-9]{4,6}-[0-9]{4,6}元/月",
        "H",
        (4, 60),
        0.9,
    ),
    _shape("grant", r"gr_[a-z2-7]{26}", "SA", (29, 29), 0.99),
    _shape("overdue_text", r"(?:当前|历史|曾|连续|累计)?逾期 ?[0-9]{1,4} ?(?:天|期|次)[^\n]{0,20}", "H", (3, 40), 0.93),
    _shape(
        "multi_lending",
        r"(?:近|最近)?[0-9一二三六十]{1,3}(?:个)?(?:月|天|日)内?(?:申请|命中|借款|查询|注册)[^\n]{0,4}?[0-9]{1,3}(?:家|次)[^\n]{0,20}",
        "H",
        (5, 60),
        0.94,
    ),
    _shape("version", r"[vV]?[0-9]{1,3}(?:\.[0-9]{1,3}){1,3}(?:-[a-z0-9.]{1,16})?", "S", (3, 30), 0.45),
    _shape(
        "rom",
        r"(?:MIUI|HyperOS|OS|EMUI|ColorOS|HarmonyOS|Android|iOS)[ /]?[A-Z]{0,2}[0-9][0-9A-Za-z.]{0,24}",
        "S",
        (4, 40),
        0.88,
    ),
    _shape("masked", r"[^\s*]{0,12}\*{1,16}[^\s*]{0,12}(?:@[^\s]{3,60})?", "SAH", (2, 80), 0.8),
    _shape("hanzi", r"[一-龥]{1,12}", "H", (1, 12), 0.25),
    _shape("tags", r"[一-龥A-Za-z0-9]{1,12}(?:[,;|、/][一-龥A-Za-z0-9]{1,12}){1,40}", "SAH", (3, 600), 0.5),
    _shape("word", r"[A-Za-z][A-Za-z _-]{0,40}", "A", (1, 41), 0.2),
    _shape("text", r"[^\0]{12,100000}", "SAH", (12, 100_000), 0.15),
)
