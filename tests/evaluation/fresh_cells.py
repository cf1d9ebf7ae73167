"""Cells of a second part kept aside, for columns under names that say nothing: other words and formats, twice the dirt of the first."""

import json
from random import Random

from tests.evaluation import numbers, words
from tests.evaluation.cells import Make, hexes, pick
from tests.evaluation.held_cells import rare_person
from tests.evaluation.third_prose import cisco, dashed_card, estate, fixed, phone, split_id

DIRT = ("", "无", "null", "-", "暂无", "N", "1", "测试", "待核实", "000")


def quoted(make: Make) -> Make:
    """The same as exports of spreadsheets write it: an apostrophe before, a tab or blanks behind, some in full width."""

    def written(rng: Random) -> object:
        text = str(make(rng))
        match rng.randrange(8):
            case 0:
                return f"{text}\t"
            case 1:
                return f" {text}"
            case 2:
                return text.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
        return text

    return written


def shop(rng: Random) -> str:
    return (
        rng.choice("百味 新发 家乐 万佳 真功".split())
        + rng.choice("水果行 便利店 面馆 奶茶 药房 超市 酒店".split())
        + rng.choice(["", "(城东店)"])
    )


def cart(rng: Random) -> str:
    goods = [
        {"goods": rng.choice(words.GOODS), "num": rng.randint(1, 3), "price": rng.randint(10, 900)}
        for _ in range(rng.randint(1, 3))
    ]
    return json.dumps(goods, ensure_ascii=False)


def book(rng: Random) -> str:
    return json.dumps(
        [{"name": words.person(rng), "tel": numbers.mobile(rng)} for _ in range(rng.randint(1, 4))], ensure_ascii=False
    )


def college(rng: Random) -> str:
    return rng.choice("临江 中州 海南 燕赵 川北".split()) + rng.choice(
        "大学 医科大学 职业技术学院 师范学院 财经学院".split()
    )


FRESH_TELLING: dict[str, Make] = {
    "full_name": lambda rng: rng.choice([words.person, rare_person])(rng), "id_card_no": quoted(split_id), "hmt_residence_permit": quoted(numbers.hmt_residence_permit), "foreigner_permit": quoted(numbers.foreigner_permit),
    "passport_no": lambda rng: numbers.passport(rng).lower() if rng.random() < 0.05 else numbers.passport(rng), "home_return_permit": numbers.home_return_permit, "hong_kong_id": numbers.hong_kong_id, "taiwan_id": numbers.taiwan_id, "macau_id": numbers.macau_id,
    "officer_card_no": numbers.officer_card, "social_credit_code": quoted(numbers.social_credit_code), "bank_card_no": quoted(dashed_card), "mobile_no": quoted(phone), "landline_no": fixed, "email": lambda rng: numbers.email(rng).upper() if rng.random() < 0.1 else numbers.email(rng),
    "login_ip": lambda rng: rng.choice([numbers.ipv4, numbers.ipv6])(rng), "mac_address": cisco, "imei": quoted(numbers.imei), "meid": numbers.meid, "oaid": numbers.idfa, "plate_no": lambda rng: numbers.plate(rng)[:2] + rng.choice(["", "·", " "]) + numbers.plate(rng)[2:],
    "vin": numbers.vin, "alipay_id": numbers.alipay_id, "wechat_id": numbers.wechat_id, "home_address": estate, "birth_date": lambda rng: (d := numbers.day(rng, 1952, 2003)) and rng.choice([f"{d[:4]}-{d[4:6]}-{d[6:]} 00:00:00", f"{d[:4]}/{d[4:6]}/{d[6:]}", d]),
    "precise_location": lambda rng: f"{rng.uniform(75, 130):.6f},{rng.uniform(20, 48):.6f}", "collateral_asset": numbers.property_certificate, "card_expiry": lambda rng: f"{rng.randint(1, 12):02}/20{rng.randint(24, 32)}", "login_password": numbers.password_hash, "secret_key": numbers.secret_key,
    "face_template": lambda rng: json.dumps([round(rng.uniform(-1, 1), 6) for _ in range(96)]), "face_image": lambda rng: f"kyc/{rng.randint(2022, 2025)}/selfie/{rng.getrandbits(40):x}.jpeg", "id_card_photo": lambda rng: f"https://img.example.com/idcard/back_{rng.getrandbits(40):x}.png",
    "gender": pick("M F M F 未知"), "marital_status": pick("单身 已婚 离异 再婚"), "education": pick("小学 初中 高中 中专 大学本科 硕士"), "ethnicity": pick("汉 汉 汉 汉 回族 蒙古族 维吾尔族"), "nationality": pick("中国 中国 越南 俄罗斯 法国"), "political_status": pick("党员 团员 群众 无党派人士"),
    "religion": pick("无神论 佛教 道教 基督教"), "blood_type": pick("A型 B型 AB型 O型"), "occupation": pick("律师 护士 农民 学生 退休 自由职业 销售 设计师"), "employer": words.company, "student_enrolment": college, "id_type": pick("身份证 户口本 回乡证 港澳通行证"),
    "contact_relationship": pick("丈夫 妻子 同学 兄弟 姐妹 亲戚"), "region": pick("江苏省 山东省 四川省 云南 新疆 北京"), "bank_name": pick("交通银行 邮储银行 光大银行 民生银行 华夏银行"), "risk_grade": pick("极高风险 中高风险 低风险 中低风险"), "repayment_record": pick("待还款 按时还款 已还清 展期"),
    "overdue_record": pick("M1 M2 M4+ M0 M6"), "default_record": pick("坏账 呆账 未违约 被执行"), "collection_status": pick("人工催收 失联 委外 承诺还款 外访"), "blacklist_flag": pick("灰名单 白名单 内部黑名单"), "anomaly_flag": pick("大额交易 无异常 设备异常 疑似赌博"),
    "product_eligibility": pick("可开通 暂未开放 受邀开通 已注销"), "account_tier": pick("普卡 金卡 白金卡 钻石卡"), "account_activity": pick("日活 周活 月活 沉默用户"), "consent_record": pick("同意 拒绝 撤回授权 单独同意"), "logistics_record": lambda rng: rng.choice(["SF", "YT", "JD"]) + numbers.digits(rng, 13),
    "social_insurance": pick("社保正常缴纳 社保断缴 灵活就业参保"), "bank_statement": pick("理财购买 汇款 利息 代扣水费 现金存入"), "payment_transactions": pick("云闪付 银联 数字人民币 花呗"), "account_operation_log": pick("充值 提现 人脸核验 修改手机号"), "clickstream": lambda rng: " > ".join(rng.choice("首页 我的 账单 借款 还款 客服".split()) for _ in range(rng.randint(2, 7))),
    "order_items": cart, "transaction_counterparty": shop, "contact_list": book, "friend_graph": lambda rng: "|".join(f"fid_{rng.randint(10**4, 10**7)}" for _ in range(rng.randint(2, 7))), "miui_usage_log": lambda rng: "MIUI " + f"V14.0.{rng.randint(1, 30)}.0.TMC", "pboc_credit_report": lambda rng: f"征信报告 编号{numbers.digits(rng, 16)} 账户数{rng.randint(1, 20)}",
    "loan_terms": lambda rng: f"{rng.choice([3, 9, 18])}期，日息万{rng.randint(2, 5)}，先息后本", "health": pick("冠心病 过敏性鼻炎 肾结石 支气管炎 甲状腺结节"), "subscription_topics": pick("军事 历史 星座 文学 三农"), "consumption_habit_tag": pick("夜间消费 海淘用户 团购偏好 低频消费"), "user_profile_tags": pick("小镇青年 新婚 月光族 商旅人士"),
    "smart_device_usage": pick("米家摄像头 智能插座 体脂秤 空调伴侣"), "community_engagement": pick("论坛达人 见习版主 社区管理员 发帖达人"), "consumption_scene_diversity": pick("服饰美妆 电影演出 停车 美容美发"), "device_model": pick("OPPO_Reno8 荣耀Magic6 iPhone14 SM-S9080 Redmi_K70".replace("_", "\u00a0")), "hashed_value": hexes(40),
    "housing_status": pick("集体宿舍 公租房 自有住房 商业按揭房"), "order_no": lambda rng: f"XD{rng.randint(2020, 2025)}{numbers.digits(rng, 10)}", "amount": lambda rng: f"{rng.randint(1, 99)},{rng.randint(100, 999)}.{rng.randint(10, 99)}", "timestamp": lambda rng: f"202{rng.randint(0, 5)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(10, 23)}:{rng.randint(10, 59)}:00+08:00",
    "currency": pick("人民币 USD EUR"), "flag": pick("true false"), "row_id": numbers.uuid, "web_link": lambda rng: f"http://m.example.com/act/{rng.randint(1, 10**6)}", "percent": lambda rng: f"{rng.uniform(0, 50):.1f}%", "status_code": pick("有效 无效 草稿 已发布"),
    "free_text": lambda rng: rng.choice(["对方表示本周内会处理完毕，届时再联系", "材料缺少盖章页，已通知重新提交", "无异常，建议通过并按时复核"]),
}  # fmt: skip


def fresh_column(kind: str, rng: Random, count: int) -> list[object]:
    """Cells of a column kept aside: six in a hundred are dirt, one in ten is empty."""
    make = FRESH_TELLING[kind]
    return [
        None if (chance := rng.random()) < 0.1 else rng.choice(DIRT) if chance < 0.16 else make(rng)
        for _ in range(count)
    ]
