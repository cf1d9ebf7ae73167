"""Cells of the part kept aside: other generators, other formats, other words, more dirt. Nobody tunes on these.

Words were chosen as forms and code tables in use write them, not from the product's lexicons.
"""

import json
from random import Random

from tests.evaluation import numbers, words
from tests.evaluation.cells import Make, hexes, money, pick, whole

WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
DIRT = ("无", "NULL", "N/A", "待补", "0", "未知", "#")


def varied(make: Make) -> Make:
    """The same identifier as people type it: full-width, lower case, spaces, dashes."""

    def written(rng: Random) -> object:
        text = str(make(rng))
        match rng.randrange(10):
            case 0:
                return text.translate(WIDE)
            case 1:
                return text.replace("X", "x")
            case 2:
                return f" {text} "
        return text

    return written


def spaced_card(rng: Random) -> str:
    card = numbers.bank_card(rng)
    if rng.random() < 0.4:
        return " ".join(card[place : place + 4] for place in range(0, len(card), 4))
    return card


def typed_mobile(rng: Random) -> str:
    number = numbers.mobile(rng)
    return rng.choice(
        [
            number,
            number,
            number,
            f"+86 {number}",
            f"86-{number}",
            f"{number[:3]}-{number[3:7]}-{number[7:]}",
            f"{number[:3]} {number[3:7]} {number[7:]}",
        ]
    )


def typed_landline(rng: Random) -> str:
    area = rng.choice(["0571", "010", "021", "0755", "0898", "0431"])
    number = f"{rng.choice('23456789'[:7])}{numbers.digits(rng, 7)}"
    return rng.choice(
        [f"{area}-{number}", f"({area}){number}", f"{area} {number}", f"{area}-{number}-{numbers.digits(rng, 3)}"]
    )


def dotted_birth(rng: Random) -> str:
    text = numbers.day(rng, 1955, 2004)
    return rng.choice(
        [
            f"{text[:4]}/{int(text[4:6])}/{int(text[6:])}",
            f"{text[:4]}年{int(text[4:6])}月{int(text[6:])}日",
            text,
            f"{text[:4]}.{text[4:6]}.{text[6:]}",
        ]
    )


def rural_address(rng: Random) -> str:
    place = "".join(rng.choice(words.PROVINCE_CITIES))
    return rng.choice(
        [
            f"{place}三墩镇振华村{rng.randint(1, 12)}组{rng.randint(1, 90)}号",
            f"{place}星湖街{rng.randint(1, 400)}号创意园{rng.choice('ABC')}座{rng.randint(2, 25)}楼",
            f"{place}莲花街道水榭春天{rng.randint(1, 9)}期{rng.randint(1, 20)}-{rng.randint(1, 3)}-{rng.randint(101, 1804)}",
            f"{place}凤凰里{rng.randint(1, 60)}弄{rng.randint(1, 40)}号{rng.randint(101, 606)}",
        ]
    )


def rare_person(rng: Random) -> str:
    surname = rng.choice("王李张刘陈欧阳|司马|覃|苗|阮|佘|练|盛|甘|宁|裴|柯|骆|麦|岑|符".split("|"))
    given = "".join(
        rng.choice("逸凡若彤嘉懿博涵美琳卫东素芬开来守义秋菊德胜彦霖乐瑶铁柱书瑶") for _ in range(rng.choice([1, 2]))
    )
    return rng.choice(surname) + given if len(surname) > 2 else surname + given


def hikers(rng: Random) -> str:
    return f"lat {rng.uniform(20, 45):.5f}, {rng.uniform(100, 120):.5f}"[4:]


def chat(rng: Random) -> str:
    return rng.choice(
        [
            "按揭材料明天补上，先别催",
            "等客户回电再继续走流程",
            "前端页面报错，已让技术同事排查",
            "无特殊情况，正常归档处理",
            "资料已上传附件，请复核后通过",
        ]
    )


def basket(rng: Random) -> str:
    return json.dumps(
        [{"sku": f"S{rng.randint(100, 999)}", "name": rng.choice(words.GOODS), "qty": rng.randint(1, 4)}],
        ensure_ascii=False,
    )


def phone_book(rng: Random) -> str:
    return json.dumps(
        [{"name": words.person(rng), "mobile": numbers.mobile(rng)} for _ in range(2)], ensure_ascii=False
    )


def parcel(rng: Random) -> str:
    return rng.choice(["已签收", "派送中", "运输中", "待揽收", "已退回"])


def contract(rng: Random) -> str:
    return f"HT-{rng.randint(2019, 2025)}-{numbers.digits(rng, 6)}"


def like_phones(rng: Random) -> str:
    return f"1390{numbers.digits(rng, 7)}"


def minute(rng: Random) -> str:
    return (
        f"20{rng.randint(19, 25)}/{rng.randint(1, 12)}/{rng.randint(1, 28)} {rng.randint(0, 23)}:{rng.randint(10, 59)}"
    )


HELD_TELLING: dict[str, Make] = {
    "full_name": rare_person, "id_card_no": varied(numbers.resident_id), "hmt_residence_permit": varied(numbers.hmt_residence_permit),
    "foreigner_permit": lambda rng: rng.choice([numbers.foreigner_permit, numbers.foreigner_permit_old])(rng),
    "passport_no": numbers.passport, "home_return_permit": numbers.home_return_permit, "hong_kong_id": numbers.hong_kong_id,
    "taiwan_id": numbers.taiwan_id, "macau_id": numbers.macau_id, "officer_card_no": numbers.officer_card,
    "social_credit_code": numbers.social_credit_code, "bank_card_no": spaced_card, "mobile_no": varied(typed_mobile),
    "landline_no": typed_landline, "email": varied(numbers.email), "login_ip": lambda rng: rng.choice([numbers.ipv4, numbers.ipv4, numbers.ipv6])(rng),
    "mac_address": lambda rng: numbers.mac(rng).lower(), "imei": numbers.imei, "meid": numbers.meid, "oaid": numbers.idfa,
    "plate_no": lambda rng: numbers.plate(rng)[:2] + rng.choice(["", "·"]) + numbers.plate(rng)[2:], "vin": numbers.vin,
    "alipay_id": numbers.alipay_id, "wechat_id": numbers.wechat_id, "home_address": rural_address, "birth_date": dotted_birth,
    "precise_location": hikers, "collateral_asset": numbers.property_certificate, "card_expiry": numbers.card_expiry,
    "login_password": numbers.password_hash, "secret_key": numbers.secret_key,
    "face_template": lambda rng: " ".join(f"{rng.uniform(-1, 1):.4f}" for _ in range(128)),
    "face_image": lambda rng: f"https://cdn.example.com/liveness/{rng.getrandbits(32):x}.png",
    "id_card_photo": lambda rng: f"/data/ocr/sfz_{rng.choice(['zheng', 'fan'])}_{rng.getrandbits(32):x}.jpeg",
    "gender": pick("男 女 未知"), "marital_status": pick("未婚 已婚 离婚 丧偶 未说明"), "education": pick("本科 专科 高中 初中及以下 硕士研究生"),
    "ethnicity": pick("汉族 汉族 汉族 土家族 彝族 侗族 藏族"), "nationality": pick("CHN CHN CHN JPN USA"), "political_status": pick("群众 中共党员 民盟盟员 共青团员"),
    "religion": pick("无 佛教 伊斯兰教 天主教 佛教"), "blood_type": pick("A+ B+ O+ AB+ O-"),
    "occupation": pick("教师 销售 护士 工程师 外卖员 厨师 农民 电工"), "employer": words.company,
    "student_enrolment": lambda rng: rng.choice("东海 河洛 秦岭 珠江".split()) + rng.choice("大学 农业大学 职业技术学院 师范学院".split()),
    "id_type": pick("居民身份证 护照 户口簿 台胞证"), "contact_relationship": pick("父母 配偶 子女 朋友 其他"), "region": pick("成都 广州市 南昌 乌鲁木齐 常州市"),
    "bank_name": pick("中国工商银行 农业银行 招商银行 兴业银行 桂林银行"), "risk_grade": pick("R1 R2 R3 R4"), "repayment_record": pick("已结清 还款中 逾期还款 提前结清"),
    "overdue_record": pick("逾期1-30天 逾期31-60天 未逾期 逾期90天以上"), "default_record": pick("核销 违约 失信 强制执行"),
    "collection_status": pick("电话催收 上门催收 法诉 停催 智能外呼"), "blacklist_flag": pick("白名单 黑名单 关注名单"),
    "anomaly_flag": pick("正常交易 疑似盗刷 异地登录 疑似欺诈"), "product_eligibility": pick("已激活 待激活 准入 拒绝准入"),
    "account_tier": pick("VIP1 VIP2 VIP3 SVIP"), "account_activity": pick("新用户 活跃用户 流失用户 回流用户"),
    "consent_record": pick("已授权 已撤回 已过期 未授权"), "logistics_record": parcel, "social_insurance": pick("正常参保 暂停参保 终止参保 灵活就业参保"),
    "bank_statement": pick("代发工资 结息 跨行转账 手续费 消费"), "payment_transactions": pick("支付宝 微信支付 云闪付 余额支付"),
    "account_operation_log": pick("login logout bind_card reset_password"),
    "clickstream": lambda rng: " -> ".join(rng.choice("首页 列表 详情 购物车 支付".split()) for _ in range(rng.randint(2, 6))), "order_items": basket,
    "transaction_counterparty": lambda rng: rng.choice("星巴 永和 天猫 蜜雪 万家".split()) + rng.choice("旗舰店 咖啡 超市 奶茶 便利店".split()),
    "contact_list": phone_book, "friend_graph": lambda rng: ";".join(f"id{rng.randint(10**5, 10**6)}" for _ in range(4)),
    "miui_usage_log": lambda rng: rng.choice(["com.netease.cloudmusic", "com.xunmeng.pinduoduo", "com.baidu.searchbox", "tv.danmaku.bili"]),
    "pboc_credit_report": lambda rng: f"<?xml version='1.0'?><PBOC><编号>{numbers.digits(rng, 10)}</编号></PBOC>",
    "loan_terms": lambda rng: f"{rng.choice([6, 12, 36])}个月，利率{rng.uniform(4, 18):.2f}%", "health": pick("痛风 高血脂 颈椎病 抑郁症 骨折"),
    "subscription_topics": pick("时政 数码 影视 宠物 游戏"), "consumption_habit_tag": pick("品质偏好 理性消费 分期偏好 高频复购"),
    "user_profile_tags": pick("蓝领 银发族 有房一族 健身达人"), "smart_device_usage": pick("智能手表 空气净化器 路由器 智能插座"),
    "community_engagement": pick("米粉 荣誉顾问 发帖达人 版主"), "consumption_scene_diversity": pick("餐饮 购物 医疗 加油 酒店住宿"),
    "device_model": lambda rng: rng.choice(["Xiaomi 14 Pro", "SM-G9980", "HUAWEI Mate 60", "vivo Y100", "Redmi Note 13"]), "hashed_value": hexes(64),
    "housing_status": pick("租房 单位宿舍 自有住房 按揭"), "order_no": contract, "amount": lambda rng: f"¥{rng.randint(1, 9999)}.{rng.randint(10, 99)}",
    "timestamp": minute, "currency": pick("人民币 美元 港币"), "flag": pick("Y N"), "row_id": numbers.uuid,
    "web_link": lambda rng: f"oss://bucket/{rng.getrandbits(24):x}/page.html", "percent": lambda rng: f"{rng.randint(0, 99)}.{rng.randint(0, 9)}%",
    "status_code": pick("success failed pending closed"), "free_text": chat,
}  # fmt: skip
HELD_NAMED: dict[str, Make] = {
    "delivery_address": rural_address, "payment_password": hexes(40), "second_factor_code": lambda rng: numbers.digits(rng, 4),
    "platform_account_id": lambda rng: f"U{numbers.digits(rng, 9)}", "account_registered_at": minute, "login_frequency_30d": whole(0, 40),
    "login_ip_region": pick("湖南 上海 河北 海外"), "operation_interval": money(0, 30), "page_dwell_seconds": whole(0, 900),
    "device_serial_no": lambda rng: numbers.digits(rng, 14), "device_fingerprint": hexes(32), "device_usage_minutes": whole(0, 1440),
    "ecom_spend_12m": whole(0, 60000), "ecom_order_count": whole(0, 120), "account_balance": money(-100, 90000), "income_proof": whole(3000, 50000),
    "zhima_score": whole(350, 950), "zhima_score_delta": whole(-30, 30), "internal_credit_score": whole(0, 1000), "credit_limit": money(500, 90000),
    "multi_lending_flag": pick("Y N"), "debt_capacity_est": money(0, 1), "moments_interaction": whole(0, 90), "driver_licence_no": numbers.resident_id,
    "social_security_no": numbers.resident_id, "qq_no": whole(10**5, 10**9), "card_security_code": lambda rng: numbers.digits(rng, 3), "age": whole(19, 65),
    "postcode": lambda rng: f"{rng.choice(['31', '10', '51', '61'])}{numbers.digits(rng, 4)}", "exit_permit": lambda rng: "C" + numbers.digits(rng, 8),
    "quantity": whole(1, 40), "category_code": pick("01 02 03 04"), "version": lambda rng: f"v{rng.randint(1, 4)}.{rng.randint(0, 9)}", "label": lambda rng: rng.choice(words.GOODS),
}  # fmt: skip
DISTRACTORS: dict[str, Make] = {
    "order_no": like_phones, "amount": lambda rng: f"{rng.randint(10**15, 10**16)}", "timestamp": lambda rng: str(rng.randint(1_500_000_000, 1_760_000_000)),
}  # fmt: skip
"""Order numbers that look like phones, amounts in units that look like cards, seconds that look like anything."""


def held_column(kind: str, rng: Random, count: int) -> list[object]:
    """Cells of a column kept aside: one in twelve is empty, three in a hundred are dirt."""
    make = HELD_TELLING.get(kind) or HELD_NAMED[kind]
    cells: list[object] = []
    for _ in range(count):
        chance = rng.random()
        cells.append("" if chance < 0.08 else rng.choice(DIRT) if chance < 0.11 else make(rng))
    return cells
