"""A third part kept aside: chat, collection notes, police and hotel desks, log lines, mails; other ways of writing values."""

from collections.abc import Mapping
from random import Random

from tests.evaluation import numbers, words
from tests.evaluation.held_cells import rare_person
from tests.evaluation.held_prose import HELD_VALUES
from tests.evaluation.prose import Make


def split_id(rng: Random) -> str:
    number = numbers.resident_id(rng)
    return rng.choice([number, number, f"{number[:6]} {number[6:14]} {number[14:]}", number.lower()])


def dashed_card(rng: Random) -> str:
    card = numbers.bank_card(rng)
    while not numbers.checks.luhn(card):
        card = numbers.bank_card(rng)
    return rng.choice([card, card, "-".join(card[place : place + 4] for place in range(0, len(card), 4))])


def phone(rng: Random) -> str:
    number = numbers.mobile(rng)
    return rng.choice([number, number, f"{number[:3]}-{number[3:7]}-{number[7:]}", f"+86{number}", f"0086 {number}"])


def fixed(rng: Random) -> str:
    first = rng.choice("3568")
    local = f"{first}{numbers.digits(rng, 7)}"
    return rng.choice(
        [
            f"0{rng.choice([571, 755, 512])}-{local}",
            f"(0{rng.choice([10, 21])}){local}",
            f"0{rng.choice([10, 28])} {local[:4]} {local[4:]}",
            f"0{rng.choice([25, 27])}-{local}转{numbers.digits(rng, 3)}",
        ]
    )


def cisco(rng: Random) -> str:
    return rng.choice(
        [numbers.mac(rng), ".".join(f"{rng.getrandbits(16) | 0xA000:04x}" for _ in range(3)), numbers.mac(rng).lower()]
    )


def estate(rng: Random) -> str:
    province, city, district = rng.choice(words.PROVINCE_CITIES)
    return rng.choice(
        [
            f"{city}{district}香山路{rng.randint(1, 990)}号{rng.randint(1, 30)}幢{rng.randint(1, 4)}单元{rng.randint(101, 2604)}",
            f"{province}{city}{district}和兴镇向阳村{rng.randint(1, 20)}组{rng.randint(1, 200)}号",
            f"{city}{district}金桥大道{rng.randint(1, 2000)}号{rng.choice(['科技园', '软件园'])}{rng.choice('ABC')}座{rng.randint(2, 30)}层",
            f"{city}{district}月湖小区{rng.randint(1, 40)}栋{rng.randint(101, 2604)}室",
        ]
    )


def born(rng: Random) -> str:
    text = numbers.day(rng)
    return rng.choice(
        [
            f"{text[:4]}.{text[4:6]}.{text[6:]}",
            f"{text[:4]}/{text[4:6]}/{text[6:]}",
            f"{text[:4]}年{int(text[4:6])}月{int(text[6:])}日",
        ]
    )


def point(rng: Random) -> str:
    return rng.choice(
        [
            f"{rng.uniform(22, 45):.5f}, {rng.uniform(80, 125):.5f}",
            f"{rng.uniform(80, 125):.6f},{rng.uniform(22, 45):.6f}",
            f"{rng.uniform(22, 45):.4f}/{rng.uniform(80, 125):.4f}",
        ]
    )


def phrase(rng: Random) -> str:
    return (
        rng.choice(["Xm", "qaz", "Ym-", "Hello", "t0"])
        + numbers.digits(rng, 4)
        + rng.choice(["!x", "@8", "#ab", "_q9"])
    )


THIRD_VALUES: Mapping[str, Make] = {
    **HELD_VALUES, "resident_id": split_id, "bank_card": dashed_card, "mobile": phone, "landline": fixed, "mac": cisco, "postal_address": estate, "birth_date": born,
    "coordinates": point, "password": phrase, "person_name": lambda rng: rng.choice([words.person, rare_person])(rng), "ipv6": numbers.ipv6,
    "card_expiry": lambda rng: f"{rng.randint(1, 12):02}/{rng.choice(['', '20'])}{rng.randint(25, 33)}", "one_time_code": lambda rng: numbers.digits(rng, rng.choice([4, 6, 6, 8])),
}  # fmt: skip
THIRD_TEMPLATES: dict[str, str] = {
    "resident_id": "您好我的身份证是{}麻烦查一下|经查，嫌疑人（身份证号码：{}）在逃|旅客登记证件：身份证 {}|idcard={}|被告，公民身份号码{}|担保人身份证件号{}", "resident_id_15": "老式身份证号 {}|原身份证号码{}（15位）|身份证（旧）：{}",
    "hmt_residence_permit": "该港澳台居民持居住证{}办卡|居住证号：{}", "foreigner_permit": "外国人永久居留身份证：{}|外籍客户永居证号{}", "foreigner_permit_old": "外国人永久居留证编号{}|外籍员工居留证 {}",
    "passport": "护照：{}|passport no:{}|外籍旅客护照号 {} 已录入|持护照{}出境", "home_return_permit": "回乡证：{}|港澳居民来往内地通行证号码{}|香港同事的回乡证号是{}", "taiwan_permit": "台胞证：{}|台湾居民来往大陆通行证 {}|台胞证号码为{}",
    "exit_permit": "港澳通行证号：{}|往来港澳通行证{}|旅客的通行证号码 {}", "hong_kong_id": "香港身份证号：{}|HKID {}|香港居民身份证号码为{}", "taiwan_id": "台湾身份证号：{}|台湾客户身份证 {}", "macau_id": "澳门身份证号：{}|澳门居民身份证号码为{}",
    "social_credit_code": "开票税号：{}|企业统一社会信用代码 {}|信用代码：{}|该商户营业执照{}已吊销", "bank_card": "麻烦转到这个卡号{}|工资卡号：{}|扣款银行卡 {} 余额不足|card_no={}|退款至原卡{}|尾款打到建行卡{}",
    "mobile": "打我手机{}|机主号码{}停机|收件人电话 {}|来电 {} 未接|客户预留手机号{}|mobile={}|加我微信同手机{}|担保人联系方式：{}", "landline": "售后热线{}|单位固话：{}|办公电话{}|传真：{}|村委会电话 {}",
    "email": "发邮件到{}即可|email:{}|抄送至{}，谢谢|账单邮箱改为{}", "ipv4": "client_ip={}|异常登录IP{}|从IP地址{}发起攻击|登录来源：{}", "ipv6": "client ip: {}|IPv6地址{}|登录IP为{}", "mac": "mac={}|终端MAC地址：{}|路由器WAN口MAC {}",
    "imei": "imei={}|手机串码IMEI:{}|失窃手机的串号是{}", "meid": "meid={}|手机MEID：{}", "advertising_id": "oaid: {}|idfa={}|设备广告标识符为{}", "plate": "肇事车辆{}逃逸|车牌：{}|驾驶{}小型轿车|车牌号码为{}的货车", "vin": "车架号：{}|vin={}|车辆识别代号（VIN）{}",
    "driver_file_no": "驾驶证档案编号：{}|档案编号{}", "officer_card": "持军官证{}办理|证件：{}", "social_security_card": "社保卡号：{}|社保卡{}已激活", "alipay_id": "支付宝账号：{}|支付宝uid {}|alipay_user_id={}",
    "wechat_id": "微信：{}|加微信号{}|vx:{}|客户微信号为{}", "qq": "qq号：{}|QQ {}|加QQ{}聊|联系QQ：{}", "one_time_code": "【小米金融】验证码{}，请勿告诉他人|您的验证码是{}|动态码：{}|校验码为{}，10分钟内有效", "card_security_code": "卡背面安全码{}|cvv2: {}|CVV码是{}",
    "card_expiry": "有效期 {}|信用卡有效期为{}|exp: {}", "secret_key": "api_key={}|access_token: {}|密钥{}已泄露|secret：{}", "password": "密码是{}|登录密码 {}|password: {}|初始密码为{}，请修改", "coordinates": "定位：{}|gps={}|位置坐标({})|车辆最后位置{}",
    "birth_date": "出生年月：{}|出生日期{}|{}出生|患者生日{}", "property_certificate": "不动产权证书号{}|房产证号为{}|抵押物权证：{}", "postal_address": "现住址：{}|住{}|送货地址{}|户籍所在地：{}|约在{}见面|快递寄到{}",
    "person_name": "客户姓名：{}，|本人{}，|我叫{}，|联系人：{}，|收货人{}，|{}女士，|借款人{}，|担保人为{}，",
}  # fmt: skip
THIRD_DISTRACTORS: tuple[tuple[str, Make], ...] = (
    ("order_id={}", lambda rng: "1" + numbers.digits(rng, 18)), ("流水号：{}", lambda rng: f"20251{numbers.digits(rng, 15)}"), ("合同编号：{}", lambda rng: f"XJ{numbers.digits(rng, 12)}"), ("物流单号YT{}", lambda rng: numbers.digits(rng, 13)),
    ("应还金额{}元", lambda rng: f"{rng.randint(10**2, 10**6)}.{rng.randint(10, 99)}"), ("剩余本金{}", lambda rng: f"{rng.randint(1, 99)},{rng.randint(100, 999)}.{rng.randint(10, 99)}"), ("ts={}", lambda rng: str(rng.randint(1_600_000_000_000, 1_760_000_000_000))),
    ("逾期{}天", lambda rng: str(rng.randint(1, 999))), ("工单编号{}", lambda rng: "13" + numbers.digits(rng, 9)), ("记录时间：{}", lambda rng: f"202{rng.randint(0, 5)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} {rng.randint(10, 23)}:{rng.randint(10, 59)}:{rng.randint(10, 59)}"),
    ("序列号{}", lambda rng: "86" + numbers.digits(rng, 13)), ("设备型号{}", lambda rng: f"M{numbers.digits(rng, 4)}K{numbers.digits(rng, 2)}C"), ("SKU {}", lambda rng: numbers.digits(rng, 8)), ("通知单第{}号", lambda rng: numbers.digits(rng, 6)), ("费率{}‰", lambda rng: f"{rng.uniform(0, 9):.3f}"),
    ("系统版本{}", lambda rng: f"{rng.randint(1, 14)}.{rng.randint(0, 30)}.{rng.randint(0, 30)}.{rng.randint(0, 9)}"), ("票据号码{}", lambda rng: numbers.digits(rng, 8)), ("案号（2024）粤0304民初{}号", lambda rng: numbers.digits(rng, 5)), ("统计编号{}", lambda rng: numbers.digits(rng, 18)), ("trace_id={}", lambda rng: f"{rng.getrandbits(128):032x}"),
    ("第{}期账单", lambda rng: str(rng.randint(1, 36))), ("共{}字", lambda rng: numbers.digits(rng, 5)), ("积分{}分", lambda rng: numbers.digits(rng, 6)), ("保单号{}", lambda rng: numbers.digits(rng, 16)), ("机身编码{}", lambda rng: numbers.digits(rng, 12)), ("股票代码{}", lambda rng: "60" + numbers.digits(rng, 4)),
)  # fmt: skip
