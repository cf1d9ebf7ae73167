"""A sixth part kept aside: hospital desks, schools, ride hailing, second-hand markets, help desks."""

from collections.abc import Mapping
from random import Random

from tests.evaluation import numbers, words
from tests.evaluation.final_prose import FINAL_VALUES
from tests.evaluation.prose import Make


def place(rng: Random) -> str:
    province, city, district = rng.choice(words.PROVINCE_CITIES)
    return rng.choice(
        [
            f"{city}{district}团结路{rng.randint(1, 700)}号{rng.randint(1, 20)}幢{rng.randint(101, 1603)}室",
            f"{province}{city}{district}青龙街道梧桐苑{rng.randint(1, 50)}栋{rng.randint(1, 4)}单元{rng.randint(101, 2802)}室",
            f"{province}{city}{district}永安乡石桥村{rng.randint(1, 300)}号",
        ]
    )


SIXTH_VALUES: Mapping[str, Make] = {**FINAL_VALUES, "postal_address": place, "plate": numbers.plate}
SIXTH_TEMPLATES: dict[str, str] = {
    "resident_id": "患者身份证号：{}|监护人身份证号码{}|学生证件号：{}|司机身份证{}已核|挂号用的身份证是{}", "resident_id_15": "老年患者身份证号{}|旧身份证号：{}", "hmt_residence_permit": "就诊人居住证号{}|学生持港澳台居住证{}", "foreigner_permit": "外教永居证号码{}|外国人永久居留身份证{}", "foreigner_permit_old": "外教的永久居留证{}|外国人永久居留证号：{}",
    "passport": "留学生护照{}|护照号：{}|外籍患者护照号码{}", "home_return_permit": "学生回乡证：{}|回乡证号码{}", "taiwan_permit": "台生台胞证{}|台胞证号码：{}", "exit_permit": "港澳通行证 {}|通行证号码：{}", "hong_kong_id": "港籍学生香港身份证{}|HKID：{}", "taiwan_id": "台湾身份证{}|台籍患者台湾身份证号：{}", "macau_id": "澳门身份证号{}|澳门学生身份证：{}",
    "social_credit_code": "医院统一社会信用代码：{}|学校税号{}|商家信用代码：{}", "bank_card": "退费卡号：{}|学费扣款银行卡{}|司机提现银行卡号{}|打款账户：{}|奖学金发到{}这张卡", "mobile": "家长手机：{}|司机电话{}|患者家属联系电话：{}|卖家手机号{}|回访号码{}|班主任电话：{}|报修人电话 {}", "landline": "护士站电话：{}|教务处电话{}|门诊电话 {}|学校传真{}",
    "email": "导师邮箱：{}|工单抄送{}|简历投{}", "ipv4": "客户端IP：{}|终端ip={}|登录地址IP {}", "ipv6": "ipv6: {}|客户端IP {}", "mac": "打印机MAC：{}|终端mac={}", "imei": "卖的手机IMEI：{}|串号{}", "meid": "MEID {}|手机MEID={}", "advertising_id": "idfa：{}|设备OAID：{}", "plate": "网约车车牌{}|车牌号：{}|接您的车{}|卖车，号牌{}", "vin": "二手车车架号：{}|VIN码：{}",
    "driver_file_no": "司机驾驶证档案编号{}|驾照档案编号 {}", "officer_card": "军官证{}优先就诊|持军官证：{}", "social_security_card": "患者社保卡号：{}|社会保障卡{}", "alipay_id": "卖家支付宝用户号{}|支付宝ID：{}", "wechat_id": "卖家微信：{}|家长微信号{}|加微信{}", "qq": "班级群主QQ：{}|卖家QQ {}|qq{}", "one_time_code": "取件验证码：{}|乘车验证码{}|验证码为{}", "card_security_code": "CVV2 {}|信用卡安全码：{}", "card_expiry": "卡有效期 {}|信用卡有效期：{}",
    "secret_key": "接口密钥：{}|token: {}", "password": "教务系统密码：{}|登录密码：{}|wifi密码{}", "coordinates": "上车点坐标{}|位置：{}|经纬度 {}", "birth_date": "患者出生日期：{}|学生生日{}|{}出生", "property_certificate": "学区房不动产权证号{}|房产证号：{}", "postal_address": "患者住址：{}|家访地址{}|上车地点：{}|发货到{}|家住{}", "person_name": "患者姓名：{}，|学生姓名{}，|司机{}先生，|收货人：{}，|家长姓名：{}，|联系人：{}，",
}  # fmt: skip
SIXTH_DISTRACTORS: tuple[tuple[str, Make], ...] = (
    ("病历号{}", lambda rng: numbers.digits(rng, 10)), ("学籍号G{}", lambda rng: numbers.digits(rng, 11)), ("行程单号{}", lambda rng: numbers.digits(rng, 19)), ("商品ID {}", lambda rng: numbers.digits(rng, 12)), ("挂号费{}元", lambda rng: f"{rng.randint(5, 300)}.00"), ("报修单{}", lambda rng: "18" + numbers.digits(rng, 9)), ("处方编号{}", lambda rng: numbers.digits(rng, 15)),
    ("成绩{}分", lambda rng: str(rng.randint(0, 750))), ("标价{}", lambda rng: str(rng.randint(10, 99999))), ("浏览量{}", lambda rng: numbers.digits(rng, 6)), ("考试日期{}", lambda rng: f"202{rng.randint(0, 6)}年{rng.randint(1, 12)}月{rng.randint(1, 28)}日"), ("软件版本{}", lambda rng: ".".join(str(rng.randint(0, 25)) for _ in range(4))), ("ts:{}", lambda rng: str(rng.randint(1_600_000_000, 1_760_000_000))),
    ("检验编号{}", lambda rng: "6217" + numbers.digits(rng, 12)), ("座位号{}", lambda rng: numbers.digits(rng, 4)), ("快递YT{}", lambda rng: numbers.digits(rng, 13)), ("里程{}公里", lambda rng: f"{rng.uniform(1, 99):.3f}"), ("床号{}", lambda rng: str(rng.randint(1, 99))), ("体重{}公斤", lambda rng: f"{rng.uniform(40, 99):.1f}"), ("批准文号国药准字H{}", lambda rng: numbers.digits(rng, 8)),
)  # fmt: skip
