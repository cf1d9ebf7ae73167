"""A fourth part kept aside: court papers, hotel and bank counters, delivery chats, app logs, tickets."""

from collections.abc import Mapping
from random import Random

from tests.evaluation import numbers, words
from tests.evaluation.held_cells import rare_person
from tests.evaluation.prose import VALUES, Make
from tests.evaluation.third_prose import THIRD_VALUES


def wide(make: Make) -> Make:
    """One in four in full width."""
    return lambda rng: (
        make(rng).translate(str.maketrans("0123456789", "０１２３４５６７８９")) if rng.random() < 0.25 else make(rng)
    )


def house(rng: Random) -> str:
    province, city, district = rng.choice(words.PROVINCE_CITIES)
    return rng.choice(
        [
            f"{province}{city}{district}东风路{rng.randint(1, 500)}号院{rng.randint(1, 30)}号楼{rng.randint(1, 6)}单元{rng.randint(101, 1802)}室",
            f"{city}{district}新华街{rng.randint(1, 300)}号",
            f"{province}{city}{district}柳林乡大王庄村{rng.randint(1, 200)}号",
            f"{city}{district}高新大道{rng.randint(1, 999)}号{rng.randint(1, 9)}栋{rng.randint(1, 3)}单元{rng.randint(201, 3304)}",
        ]
    )


def line(rng: Random) -> str:
    local = rng.choice("24678") + numbers.digits(rng, 7)
    return rng.choice(
        [
            f"010-{local}",
            f"0{rng.choice([532, 351, 591])}-{local}",
            f"(0{rng.choice([20, 23])}){local}",
            f"0{rng.choice([24, 29])}{local}",
        ]
    )


FRESH_VALUES: Mapping[str, Make] = {
    **VALUES, "resident_id": wide(numbers.resident_id), "mobile": wide(THIRD_VALUES["mobile"]), "bank_card": THIRD_VALUES["bank_card"], "landline": line, "mac": THIRD_VALUES["mac"], "postal_address": house,
    "person_name": lambda rng: rng.choice([words.person, rare_person])(rng), "birth_date": THIRD_VALUES["birth_date"], "coordinates": THIRD_VALUES["coordinates"], "card_expiry": THIRD_VALUES["card_expiry"],
    "one_time_code": THIRD_VALUES["one_time_code"], "password": THIRD_VALUES["password"], "advertising_id": lambda rng: rng.choice([numbers.idfa, numbers.uuid])(rng),
}  # fmt: skip
FRESH_TEMPLATES: dict[str, str] = {
    "resident_id": "原告身份证号码：{}|入住人证件（身份证）{}|办理人身份证号{}，已留存复印件|身份证号: {}|贵行客户（证件号码{}）|共同借款人身份证 {}", "resident_id_15": "户口簿登记的身份证号为{}|老身份证：{}", "hmt_residence_permit": "港澳台居民居住证（号码{}）|居住证号码{}待核验", "foreigner_permit": "永久居留身份证号码：{}|外籍申请人的永居证{}", "foreigner_permit_old": "永久居留证号：{}|外国人永久居留证{}",
    "passport": "护照号码 {} 有效|随身护照：{}|旅客护照{}遗失|入境护照号：{}", "home_return_permit": "持回乡证{}开户|回乡证号码：{}", "taiwan_permit": "台胞证{}|持台湾居民来往大陆通行证{}办理", "exit_permit": "通行证（往来港澳）{}|港澳通行证号码：{}", "hong_kong_id": "香港身份证{}持有人|HKID: {}", "taiwan_id": "台湾身份证：{}|台湾身份证号码 {}", "macau_id": "澳门身份证 {}|澳门居民身份证{}",
    "social_credit_code": "统一社会信用代码：{}|纳税人识别号为{}|被告公司信用代码{}", "bank_card": "请汇至卡号 {}|银行卡号：{}|从{}这张卡扣款|借记卡{}已销户|收款账户 {}|绑定的银行卡是{}", "mobile": "联系手机：{}|骑手电话{}|请回电{}|手机尾号变更为{}|tel: {}|注册手机号 {}|拨打电话{}未接通|电话号码：{}", "landline": "前台电话：{}|单位电话{}|请致电{}|联系电话：{}（工作日）|传真 {}",
    "email": "电子邮箱 {}|请回复至{}|e-mail: {}|登录邮箱{}", "ipv4": "ip={}|来自{}的请求|登录IP：{}|访问IP地址{}", "ipv6": "ip: {}|IPv6 {}|登录IP{}", "mac": "MAC: {}|设备MAC地址{}|网卡地址{}", "imei": "手机IMEI: {}|IMEI号{}|串号：{}", "meid": "MEID: {}|手机MEID号{}", "advertising_id": "OAID={}|IDFA: {}|广告标识符{}", "plate": "车牌号{}违停|号牌{}|名下车辆为{}|驾驶车牌为{}的轿车",
    "vin": "VIN: {}|车辆识别代号{}|车架号为{}", "driver_file_no": "驾驶证档案编号 {}|驾照档案编号：{}", "officer_card": "军官证：{}|出示的军官证为{}", "social_security_card": "社会保障卡号 {}|社保卡卡号：{}", "alipay_id": "支付宝用户ID：{}|支付宝会员号{}", "wechat_id": "微信号是{}|加微信: {}|客户微信：{}", "qq": "QQ: {}|QQ号是{}|加我QQ{}", "one_time_code": "验证码：{}|短信验证码为{}|您的登录验证码是{}，5分钟内有效|动态密码：{}",
    "card_security_code": "安全码：{}|CVV2：{}|背面三位安全码{}", "card_expiry": "有效期至{}|卡有效期：{}|信用卡有效期 {}", "secret_key": "密钥：{}|token={}|API Key: {}", "password": "密码：{}|登录密码为{}|password={}", "coordinates": "坐标 {}|经纬度为{}|定位在{}|GPS: {}", "birth_date": "出生日期：{}|生于{}，|出生年月日：{}", "property_certificate": "不动产权证书：{}|抵押房产证号{}",
    "postal_address": "住所地：{}|送达地址{}|家庭住址 {}|收货地址：{}|住址为{}|搬到{}", "person_name": "姓名 {}，|借款人：{}，|我叫{}，|收件人{}，|申请人{}，|{}先生，|担保人{}，|户名：{}，",
}  # fmt: skip
FRESH_DISTRACTORS: tuple[tuple[str, Make], ...] = (
    ("订单编号：{}", lambda rng: numbers.digits(rng, 18)), ("交易流水号{}", lambda rng: "2025" + numbers.digits(rng, 16)), ("借据号JJ{}", lambda rng: numbers.digits(rng, 14)), ("案件编号{}", lambda rng: numbers.digits(rng, 11)), ("受理号{}", lambda rng: "15" + numbers.digits(rng, 9)),
    ("应还{}元", lambda rng: f"{rng.randint(100, 99999)}.{rng.randint(10, 99)}"), ("余额{}", lambda rng: f"{rng.randint(1, 999)},{rng.randint(100, 999)}.00"), ("时间{}", lambda rng: f"202{rng.randint(0, 5)}/{rng.randint(1, 12)}/{rng.randint(1, 28)} {rng.randint(10, 23)}:{rng.randint(10, 59)}"), ("timestamp={}", lambda rng: str(rng.randint(1_650_000_000, 1_760_000_000))),
    ("批次{}", lambda rng: numbers.digits(rng, 15)), ("货号{}", lambda rng: numbers.digits(rng, 9)), ("版本号{}", lambda rng: f"{rng.randint(1, 20)}.{rng.randint(0, 20)}.{rng.randint(0, 20)}.{rng.randint(0, 99)}"), ("运单号{}", lambda rng: "JT" + numbers.digits(rng, 13)), ("（2023）京0105民初{}号", lambda rng: numbers.digits(rng, 5)),
    ("发票代码{}", lambda rng: numbers.digits(rng, 12)), ("商品条码{}", lambda rng: "690" + numbers.digits(rng, 10)), ("得分{}", lambda rng: str(rng.randint(300, 950))), ("第{}期", lambda rng: str(rng.randint(1, 60))), ("年利率{}%", lambda rng: f"{rng.uniform(3, 24):.2f}"), ("requestId={}", lambda rng: f"{rng.getrandbits(128):032x}"),
    ("保单号{}", lambda rng: "PD" + numbers.digits(rng, 16)), ("共{}笔", lambda rng: numbers.digits(rng, 4)), ("工号{}", lambda rng: numbers.digits(rng, 8)), ("合同金额{}元整", lambda rng: numbers.digits(rng, 7)), ("数量{}", lambda rng: numbers.digits(rng, 6)),
)  # fmt: skip
