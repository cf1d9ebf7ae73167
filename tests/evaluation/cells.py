"""Cells of columns by kind: the generators that were used while tuning.

`TELLING` are kinds whose values tell them under any name; `NAMED` are kinds that need their name, because others have the same
values (an amount is an amount).
"""

import json
import random
from collections.abc import Callable
from random import Random

from tests.evaluation import numbers, words

Make = Callable[[Random], object]
Columns = Callable[[Random, int], list[object]]


def pick(text: str) -> Make:
    choices = text.split(" ")
    return lambda rng: rng.choice(choices)


def money(low: float, high: float) -> Make:
    return lambda rng: f"{rng.uniform(low, high):.2f}"


def whole(low: int, high: int) -> Make:
    return lambda rng: rng.randint(low, high)


def hexes(length: int) -> Make:
    return lambda rng: f"{rng.getrandbits(length * 4):0{length}x}"


def when(rng: Random) -> str:
    return f"20{rng.randint(15, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} {rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"


def recent(rng: Random) -> str:
    return f"20{rng.randint(18, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def birth(rng: Random) -> str:
    text = numbers.day(rng)
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def image(folder: str, word: str) -> Make:
    return lambda rng: f"{folder}/{rng.randint(2020, 2025)}/{word}_{rng.getrandbits(40):010x}.jpg"


def vector(rng: Random) -> str:
    return "[" + ",".join(f"{rng.uniform(-1, 1):.5f}" for _ in range(64)) + "]"


def flow(rng: Random) -> str:
    return ">".join(
        rng.choice("home list detail cart pay search mine loan_apply".split()) for _ in range(rng.randint(3, 8))
    )


def items(rng: Random) -> str:
    return ";".join(f"{rng.choice(words.GOODS)}*{rng.randint(1, 5)}" for _ in range(rng.randint(1, 4)))


def contacts(rng: Random) -> str:
    people = [{"name": words.person(rng), "phone": numbers.mobile(rng)} for _ in range(3)]
    return json.dumps(people, ensure_ascii=False)


def friends(rng: Random) -> str:
    return ",".join(f"u{rng.randint(10000, 99999)}" for _ in range(rng.randint(3, 9)))


def packages(rng: Random) -> str:
    names = "com.tencent.mm com.eg.android.AlipayGphone com.miui.weather2 com.taobao.taobao cn.example.reader com.ss.android.ugc".split()
    return ",".join(rng.sample(names, 3))


def report(rng: Random) -> str:
    return f"个人信用报告 报告编号:{numbers.digits(rng, 14)} 查询时间:{when(rng)} 信贷记录 {rng.randint(1, 9)} 笔"


def merchant(rng: Random) -> str:
    return rng.choice("永辉 川香 悦读 老街 海底 阳光 麦香 快乐".split()) + rng.choice(
        "超市 火锅 书店 便利店 面馆 药房 加油站 奶茶 烧烤".split()
    )


def courier(rng: Random) -> str:
    return rng.choice(["快件已到达{}转运中心", "包裹已由{}派送员派送中", "您的快件已在{}签收", "{}已揽收"]).format(
        rng.choice("杭州 武汉 深圳 成都".split())
    )


def school(rng: Random) -> str:
    return rng.choice("华东 江南 西南 滨海 中原 岭南".split()) + rng.choice(
        "理工大学 师范大学 工业学院 财经大学 医学院 交通大学".split()
    )


def device(rng: Random) -> str:
    return rng.choice(["MI 13", "Redmi K60", "HUAWEI P60", "iPhone 15", "OPPO Find X6", "vivo X90", "HONOR 90"])


def grant(rng: Random) -> str:
    return "gr_" + "".join(rng.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(26))


def terms(rng: Random) -> str:
    return f"{rng.choice([3, 6, 12, 24])}期 年化{rng.uniform(5, 24):.1f}% {rng.choice(['等额本息', '先息后本'])}"


TELLING: dict[str, Make] = {
    "full_name": words.person, "id_card_no": numbers.resident_id, "hmt_residence_permit": numbers.hmt_residence_permit,
    "foreigner_permit": numbers.foreigner_permit, "passport_no": numbers.passport, "home_return_permit": numbers.home_return_permit,
    "hong_kong_id": numbers.hong_kong_id, "taiwan_id": numbers.taiwan_id, "macau_id": numbers.macau_id,
    "officer_card_no": numbers.officer_card, "social_credit_code": numbers.social_credit_code, "bank_card_no": numbers.bank_card,
    "mobile_no": numbers.mobile, "landline_no": numbers.landline, "email": numbers.email, "login_ip": numbers.ipv4,
    "mac_address": numbers.mac, "imei": numbers.imei, "meid": numbers.meid, "oaid": numbers.idfa, "plate_no": numbers.plate,
    "vin": numbers.vin, "alipay_id": numbers.alipay_id, "wechat_id": numbers.wechat_id, "home_address": words.address,
    "birth_date": birth, "precise_location": numbers.coordinates, "collateral_asset": numbers.property_certificate,
    "card_expiry": numbers.card_expiry, "login_password": numbers.password_hash, "secret_key": numbers.secret_key,
    "face_template": vector, "face_image": image("oss://kyc/face", "face"), "id_card_photo": image("s3://kyc", "idcard_front"),
    "gender": pick("男 女"), "marital_status": pick("未婚 已婚 离异 丧偶"), "education": pick("高中 大专 本科 硕士 初中 博士"),
    "ethnicity": pick("汉族 汉族 汉族 回族 满族 壮族 苗族"), "nationality": pick("中国 中国 美国 日本 韩国"),
    "political_status": pick("群众 中共党员 共青团员"), "religion": pick("佛教 无宗教信仰 基督教 道教"), "blood_type": pick("A型 B型 O型 AB型"),
    "occupation": pick("工人 教师 医生 程序员 个体户 公务员 司机 会计"), "employer": words.company, "student_enrolment": school,
    "id_type": pick("身份证 护照 军官证 港澳通行证"), "contact_relationship": pick("父亲 母亲 配偶 朋友 同事"),
    "region": lambda rng: rng.choice(words.PROVINCE_CITIES)[rng.choice([1, 1])], "bank_name": pick("工商银行 招商银行 建设银行 中国银行 平安银行"),
    "risk_grade": pick("高风险 中风险 低风险"), "repayment_status": pick("正常还款 提前结清 逾期还款 部分还款"),
    "overdue_record": pick("M0 M1 M2 M3 M3+"), "default_record": pick("违约 未违约 已核销 呆账"),
    "collection_status": pick("短信催收 电话催收 委外催收 未入催 承诺还款"), "blacklist_flag": pick("黑名单 灰名单 白名单"),
    "anomaly_flag": pick("可疑交易 正常交易 疑似套现 大额交易"), "product_eligibility": pick("已开通 未开通 可申请 已冻结"),
    "account_tier": pick("普通会员 黄金会员 钻石会员 铂金会员"), "account_activity": pick("高活跃 中活跃 低活跃 沉默用户"),
    "consent_record": grant, "logistics_record": courier, "social_insurance": pick("养老保险 医疗保险 失业保险 工伤保险"),
    "bank_statement": pick("工资 ATM取款 转账存入 结息 信用卡还款 快捷支付"), "payment_transactions": pick("微信支付 支付宝 银联 花呗"),
    "account_operation_log": pick("登录 修改密码 绑定银行卡 实名认证 登出"), "clickstream": flow, "order_items": items,
    "transaction_counterparty": merchant, "contact_list": contacts, "friend_graph": friends, "miui_usage_log": packages,
    "pboc_credit_report": report, "loan_terms": terms, "health": pick("高血压 糖尿病 哮喘 胃炎 脂肪肝"),
    "subscription_topics": pick("财经 科技 体育 美食 旅游 育儿"), "consumption_habit_tag": pick("价格敏感 冲动消费 母婴用户 囤货型"),
    "user_profile_tags": pick("都市白领 宝妈 有车一族 大学生"), "smart_device_usage": pick("小爱音箱 扫地机器人 智能门锁 智能手环"),
    "community_engagement": pick("米粉 版主 资深米粉 内测用户"), "consumption_scene_diversity": pick("餐饮 出行 生活缴费 话费充值"),
    "device_model": device, "hashed_value": hexes(32), "housing_status": pick("自有住房 按揭 租房 与父母同住"),
    "order_no": lambda rng: f"20{rng.randint(20, 25)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{numbers.digits(rng, 12)}",
    "amount": money(1, 90000), "timestamp": when, "currency": pick("CNY USD HKD"), "flag": pick("0 1"), "row_id": numbers.uuid,
    "web_link": lambda rng: f"https://img.example.com/p/{rng.getrandbits(32):08x}", "percent": lambda rng: f"{rng.uniform(0, 100):.2f}%",
    "status_code": pick("成功 失败 处理中 已取消"),
    "free_text": lambda rng: rng.choice(["客户要求下午联系并确认相关材料是否齐全", "已与对方沟通，等待补充材料后再处理", "系统自动生成的说明文字，无需人工处理"]),
}  # fmt: skip
SAME_AS = {"repayment_status": "repayment_record"}
NAMED: dict[str, Make] = {
    "delivery_address": words.address, "payment_password": hexes(64), "second_factor_code": lambda rng: numbers.digits(rng, 6),
    "platform_account_id": whole(10**8, 10**10), "account_registered_at": when, "login_frequency_30d": whole(0, 60),
    "login_ip_region": pick("浙江 广东 北京 四川"), "operation_interval": whole(100, 90000), "page_dwell_seconds": whole(1, 600),
    "device_serial_no": lambda rng: "".join(rng.choice("ABCDEFGHJKLMN0123456789") for _ in range(12)), "device_fingerprint": hexes(40),
    "device_usage_minutes": whole(0, 900), "ecom_spend_12m": money(0, 80000), "ecom_order_count": whole(0, 300),
    "account_balance": money(0, 500000), "income_proof": money(2000, 60000), "zhima_score": whole(350, 950),
    "zhima_score_delta": whole(-60, 60), "internal_credit_score": whole(300, 900), "credit_limit": whole(500, 200000),
    "multi_lending_flag": pick("0 1"), "debt_capacity_est": lambda rng: f"{rng.random():.3f}", "moments_interaction": whole(0, 500),
    "driver_licence_no": numbers.resident_id, "social_security_no": numbers.resident_id, "qq_no": whole(10**4, 3 * 10**9),
    "card_security_code": lambda rng: numbers.digits(rng, 3), "age": whole(18, 70), "postcode": lambda rng: rng.choice(["310012", "518057", "100089", "610041", "430074"]),
    "exit_permit": lambda rng: rng.choice("CW") + numbers.digits(rng, 8), "quantity": whole(0, 5000), "category_code": pick("1 2 3 4 5 6 7"),
    "version": lambda rng: f"{rng.randint(1, 9)}.{rng.randint(0, 20)}.{rng.randint(0, 99)}", "label": lambda rng: rng.choice(words.GOODS),
}  # fmt: skip
"""These have the values of other kinds; under a name like `f1` nobody can tell them."""


def column(kind: str, rng: Random, count: int) -> list[object]:
    """Cells of a column: a few are empty, one in a hundred is something else."""
    make = TELLING.get(kind) or NAMED[kind]
    cells: list[object] = []
    for _ in range(count):
        chance = rng.random()
        cells.append(None if chance < 0.05 else "-" if chance < 0.06 else make(rng))
    return cells


def rng_of(*parts: object) -> Random:
    """A generator of its own for each part of a set."""
    return random.Random("/".join(map(str, parts)))
