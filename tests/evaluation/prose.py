"""Chinese prose with identifiers, as used while tuning: sentences with a place for a value, and sentences of distractors."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random

from tests.evaluation import numbers, words

Make = Callable[[Random], str]


@dataclass(frozen=True)
class Piece:
    """A text and the places that hold something: (kind, start, end)."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


def _digits(count: int) -> Make:
    return lambda rng: str(rng.randint(1, 9)) + numbers.digits(rng, count - 1)


def secret(rng: Random) -> str:
    return "".join(rng.choice("abcdefghjkmnpqrstuvwxyzABCDEFGH23456789!@#%") for _ in range(rng.randint(8, 12)))


def handle(rng: Random) -> str:
    return rng.choice("abcdefghk") + "".join(rng.choice("abcdefghijk_0123456789") for _ in range(rng.randint(6, 12)))


def exit_permit(rng: Random) -> str:
    return rng.choice("CWLT") + rng.choice("12345678") + numbers.digits(rng, 7)


def mixed_birth(rng: Random) -> str:
    text = numbers.day(rng)
    return rng.choice([f"{text[:4]}年{int(text[4:6])}月{int(text[6:])}日", f"{text[:4]}-{text[4:6]}-{text[6:]}", text])


VALUES: dict[str, Make] = {
    "resident_id": numbers.resident_id, "resident_id_15": numbers.resident_id_15, "hmt_residence_permit": numbers.hmt_residence_permit,
    "foreigner_permit": numbers.foreigner_permit, "foreigner_permit_old": numbers.foreigner_permit_old, "passport": numbers.passport,
    "home_return_permit": numbers.home_return_permit, "taiwan_permit": _digits(8), "exit_permit": exit_permit, "hong_kong_id": numbers.hong_kong_id,
    "taiwan_id": numbers.taiwan_id, "macau_id": numbers.macau_id, "social_credit_code": numbers.social_credit_code, "bank_card": numbers.bank_card,
    "mobile": numbers.mobile, "landline": numbers.landline, "email": numbers.email, "ipv4": numbers.ipv4, "ipv6": numbers.ipv6, "mac": numbers.mac,
    "imei": numbers.imei, "meid": numbers.meid, "advertising_id": numbers.idfa, "plate": numbers.plate, "vin": numbers.vin, "driver_file_no": _digits(12),
    "officer_card": numbers.officer_card, "social_security_card": lambda rng: rng.choice("ABCDEFGH") + numbers.digits(rng, 8), "alipay_id": numbers.alipay_id,
    "wechat_id": lambda rng: rng.choice([numbers.wechat_id, handle])(rng), "qq": _digits(9), "one_time_code": _digits(6), "card_security_code": _digits(3),
    "card_expiry": numbers.card_expiry, "secret_key": numbers.secret_key, "password": secret, "coordinates": numbers.coordinates, "birth_date": mixed_birth,
    "property_certificate": numbers.property_certificate, "postal_address": words.address, "person_name": words.person,
}  # fmt: skip
TEMPLATES: dict[str, str] = {
    "resident_id": "身份证号{}，请核对|客户身份证号码为{}已上传|证件号：{}|系统登记的公民身份号码{}有误", "resident_id_15": "老身份证号{}需要升位|一代证号码：{}|身份证号是{}",
    "hmt_residence_permit": "港澳台居民居住证号{}|居住证号码：{}已核验", "foreigner_permit": "外国人永久居留身份证号{}|永居证号码为{}", "foreigner_permit_old": "旧版永久居留证号{}|永居证{}仍在有效期",
    "passport": "护照号{}|本次出境使用护照{}登记|护照号码：{}", "home_return_permit": "回乡证号{}|港澳居民来往内地通行证{}已登记", "taiwan_permit": "台胞证号{}|台湾居民来往大陆通行证号码：{}",
    "exit_permit": "往来港澳通行证号{}|台湾通行证{}即将到期", "hong_kong_id": "香港身份证{}|HKID号码：{}", "taiwan_id": "台湾身份证号{}|国民身分证统一编号{}", "macau_id": "澳门身份证{}|澳门居民身份证号：{}",
    "social_credit_code": "统一社会信用代码{}|营业执照号：{}", "bank_card": "还款卡号{}|请转账到银行卡{}|收款账号：{}，户名一致", "mobile": "手机号{}|请拨打{}联系|联系电话：{}|短信已发送至{}，请查收",
    "landline": "座机{}|公司电话：{}|传真号{}", "email": "邮箱{}|请把材料发到{}|电子邮箱：{}，谢谢", "ipv4": "登录IP：{}|来源地址{}异常", "ipv6": "登录IP {}|访问来源{}被拦截", "mac": "MAC地址{}|网卡{}接入",
    "imei": "IMEI：{}|手机串号{}", "meid": "MEID：{}|设备号{}", "advertising_id": "OAID：{}|广告标识{}", "plate": "车牌号{}|驾驶{}的车辆进入停车场|号牌：{}", "vin": "车架号{}|车辆识别代号：{}",
    "driver_file_no": "驾驶证档案编号{}|档案编号：{}", "officer_card": "军官证{}|证件为军官证，编号{}", "social_security_card": "社保卡号{}|社会保障卡号：{}", "alipay_id": "支付宝用户号{}|支付宝ID：{}",
    "wechat_id": "微信号：{}|加微信{}详聊|微信{}，备注来意", "qq": "QQ号{}|加QQ：{}|qq:{}", "one_time_code": "验证码{}，五分钟内有效|您的动态码是{}|短信验证码：{}，请勿泄露", "card_security_code": "CVV2是{}|安全码：{}|卡背后三位{}",
    "card_expiry": "有效期{}|卡片有效期：{}", "secret_key": "密钥{}|access key：{}", "password": "密码：{}|登录密码是{}|初始口令 {}", "coordinates": "定位坐标{}|经纬度：{}", "birth_date": "出生日期：{}|生于{}|生日是{}",
    "property_certificate": "不动产权证号{}|房产证：{}", "postal_address": "家庭住址：{}|住在{}|收货地址为{}，请按时送达", "person_name": "姓名：{}，|借款人{}申请展期|收货人：{}，",
}  # fmt: skip
DISTRACTORS: tuple[tuple[str, Make], ...] = (
    ("订单号{}已发货", lambda rng: "20" + numbers.digits(rng, 16)), ("流水号{}", lambda rng: numbers.digits(rng, 20)), ("订单编号1{}", lambda rng: "39" + numbers.digits(rng, 8)),
    ("金额{}元", lambda rng: f"{rng.randint(1, 10**7)}.{rng.randint(10, 99)}"), ("时间戳{}", lambda rng: str(rng.randint(1_600_000_000, 1_700_000_000))), ("时间戳{}", lambda rng: str(rng.randint(1_600_000_000_000, 1_700_000_000_000))),
    ("合同编号HT{}", lambda rng: numbers.digits(rng, 10)), ("快递单号SF{}", lambda rng: numbers.digits(rng, 13)), ("版本{}", lambda rng: f"{rng.randint(1, 9)}.{rng.randint(0, 9)}.{rng.randint(0, 20)}.{rng.randint(0, 99)}"),
    ("会议定于{}召开", lambda rng: f"20{rng.randint(20, 26)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"), ("批次号{}", lambda rng: numbers.digits(rng, 12)), ("商品条码{}", lambda rng: "69" + numbers.digits(rng, 11)),
    ("共{}条记录", lambda rng: str(rng.randint(10, 99999))), ("交易号{}处理失败", lambda rng: "4" + numbers.digits(rng, 15)), ("序列号{}", lambda rng: numbers.digits(rng, 15)), ("阅读量{}", lambda rng: numbers.digits(rng, 8)),
    ("发票号码{}", lambda rng: numbers.digits(rng, 8)), ("工单号{}", lambda rng: "E" + numbers.digits(rng, 8)), ("利率{}%", lambda rng: f"{rng.uniform(1, 20):.3f}"), ("批号{}", lambda rng: f"{rng.getrandbits(56):014X}"),
)  # fmt: skip
FILLERS = "客户来电咨询还款事宜 已按流程完成审核 请尽快处理 系统自动生成 该笔业务存在疑问 材料齐全 已反馈给主管 稍后回访".split()


def pieces(
    rng: Random,
    count: int,
    templates: Mapping[str, str],
    values: Mapping[str, Make],
    distractors: Iterable[tuple[str, Make]],
) -> list[Piece]:
    """Texts of three to six clauses: identifiers, distractors and plain words, in any order."""
    kinds, others = list(templates), list(distractors)
    return [
        _piece(rng, [kinds[place % len(kinds)], rng.choice(kinds)], templates, values, others) for place in range(count)
    ]


def _piece(
    rng: Random,
    kinds: list[str],
    templates: Mapping[str, str],
    values: Mapping[str, Make],
    others: list[tuple[str, Make]],
) -> Piece:
    clauses: list[tuple[str, str, str]] = []
    for kind in kinds:
        before, after = rng.choice(templates[kind].split("|")).split("{}")
        clauses.append((kind, before, values[kind](rng) + "\0" + after))
    for _ in range(rng.randint(1, 3)):
        template, make = rng.choice(others)
        clauses.append(("", template.format(make(rng)), ""))
    clauses.append(("", rng.choice(FILLERS), ""))
    rng.shuffle(clauses)
    text, spans = "", []
    for kind, before, rest in clauses:
        value, _, after = rest.partition("\0")
        text += before
        if kind:
            spans.append((kind, len(text), len(text) + len(value)))
        text += value + after + rng.choice(["，", "。", "；", "\n"])
    return Piece(text, tuple(spans))
