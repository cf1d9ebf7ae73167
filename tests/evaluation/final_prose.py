"""A fifth part kept aside: call transcripts, letters, forum posts, insurance and leasing papers."""

from collections.abc import Mapping
from random import Random

from tests.evaluation import numbers, words
from tests.evaluation.fresh_prose import FRESH_VALUES
from tests.evaluation.prose import Make


def hall(rng: Random) -> str:
    province, city, district = rng.choice(words.PROVINCE_CITIES)
    return rng.choice(
        [
            f"{city}{district}朝阳路{rng.randint(1, 800)}号附{rng.randint(1, 40)}号",
            f"{province}{city}{district}桃园小区{rng.randint(1, 60)}号楼{rng.randint(1, 5)}单元{rng.randint(101, 1204)}",
            f"{province}{city}{district}龙泉镇双河村{rng.randint(1, 15)}组{rng.randint(1, 120)}号",
            f"{city}{district}世纪大道{rng.randint(1, 1500)}号{rng.choice('ABCD')}座{rng.randint(3, 40)}楼",
        ]
    )


def dated(rng: Random) -> str:
    text = numbers.day(rng, 1948, 2006)
    return rng.choice(
        [
            f"{text[:4]}年{text[4:6]}月{text[6:]}日",
            f"{text[:4]}-{int(text[4:6])}-{int(text[6:])}",
            f"{text[:4]}.{int(text[4:6])}.{int(text[6:])}",
        ]
    )


def pair(rng: Random) -> str:
    return rng.choice(
        [
            f"{rng.uniform(21, 46):.6f},{rng.uniform(81, 124):.6f}",
            f"{rng.uniform(81, 124):.4f}, {rng.uniform(21, 46):.4f}",
        ]
    )


FINAL_VALUES: Mapping[str, Make] = {**FRESH_VALUES, "postal_address": hall, "birth_date": dated, "coordinates": pair}
FINAL_TEMPLATES: dict[str, str] = {
    "resident_id": "麻烦报一下身份证，好的是{}|投保人身份证号为{}|承租人（身份证号{}）签字|户主公民身份号码：{}|我的身份证件号 {}", "resident_id_15": "旧版身份证号码：{}|15位的身份证号{}", "hmt_residence_permit": "投保人居住证号：{}|港澳台居住证{}", "foreigner_permit": "承租人永居证号：{}|外国人永久居留身份证 {}", "foreigner_permit_old": "外国人永久居留证{}已过期|永久居留证号码：{}",
    "passport": "护照号是{}|投保人护照：{}|护照（{}）首页", "home_return_permit": "回乡证号 {}|港澳居民来往内地通行证：{}", "taiwan_permit": "台胞证号：{}|台胞证（号码{}）", "exit_permit": "港澳通行证{}已过期|往来港澳通行证号码{}", "hong_kong_id": "香港身份证号码：{}|港籍承租人HKID {}", "taiwan_id": "台湾身份证号为{}|台湾居民身份证{}", "macau_id": "澳门身份证号为{}|澳门身份证：{}",
    "social_credit_code": "出租方统一社会信用代码{}|税号：{}|营业执照号为{}", "bank_card": "卡号我念一下{}|理赔款打入银行卡{}|租金汇入账户{}|信用卡号{}|收款卡号为{}", "mobile": "您留的手机号是{}吗|投保人手机：{}|有意者电话{}|联系人手机号码：{}|加微信或打电话{}|租客电话是{}|短信发到{}了", "landline": "物业电话：{}|客服固话{}|公司座机为{}|办公电话 {}", "email": "保单寄到邮箱{}|邮箱：{}|联系邮箱是{}",
    "ipv4": "楼主IP：{}|登录ip {}|来源IP地址：{}", "ipv6": "登录IP：{}|IPv6：{}", "mac": "网卡MAC为{}|设备物理地址：{}", "imei": "IMEI码：{}|手机串号：{}", "meid": "MEID号：{}|设备MEID为{}", "advertising_id": "OAID {}|IDFA为{}|广告标识：{}", "plate": "标的车辆{}|车牌为{}|被保险车辆号牌：{}|车牌号：{}", "vin": "车架号：{}|VIN码 {}", "driver_file_no": "档案编号为{}|驾驶证档案编号：{}",
    "officer_card": "军官证号 {}|投保人证件：{}", "social_security_card": "社保卡号是{}|社会保障卡号：{}", "alipay_id": "支付宝用户号：{}|支付宝ID为{}", "wechat_id": "微信号 {}|加微信{}|我的微信是{}", "qq": "QQ{}|QQ号：{}|联系QQ {}", "one_time_code": "验证码是{}吗|您的验证码：{}|短信验证码 {}|动态口令：{}", "card_security_code": "安全码 {}|CVV：{}|卡背面后三位：{}", "card_expiry": "有效期：{}|卡片有效期是{}",
    "secret_key": "密钥：{}|access_key={}|token：{}", "password": "密码：{}|初始密码：{}|登录密码：{}", "coordinates": "定位坐标：{}|出险地点坐标{}|GPS坐标 {}", "birth_date": "出生日期为{}|投保人生日：{}|{}出生", "property_certificate": "不动产权证号：{}|租赁房屋产权证{}", "postal_address": "房屋坐落于{}|家住{}|通讯地址：{}|寄到{}|租赁地址：{}|我住在{}",
    "person_name": "投保人{}，|被保险人：{}，|我叫{}，|承租人姓名：{}，|联系人{}，|{}先生，|户名{}，|我是{}，",
}  # fmt: skip
FINAL_DISTRACTORS: tuple[tuple[str, Make], ...] = (
    ("保险单号码{}", lambda rng: numbers.digits(rng, 20)), ("报案号{}", lambda rng: "13" + numbers.digits(rng, 9)), ("租赁合同编号{}", lambda rng: numbers.digits(rng, 12)), ("帖子ID：{}", lambda rng: numbers.digits(rng, 9)), ("保费{}元", lambda rng: f"{rng.randint(100, 99999)}.{rng.randint(10, 99)}"), ("月租{}", lambda rng: str(rng.randint(800, 20000))),
    ("浏览{}次", lambda rng: numbers.digits(rng, 7)), ("通话时长{}秒", lambda rng: str(rng.randint(10, 3600))), ("录音编号{}", lambda rng: "2025" + numbers.digits(rng, 12)), ("坐席工号{}", lambda rng: numbers.digits(rng, 6)), ("起租日{}", lambda rng: f"202{rng.randint(0, 6)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"), ("支付单号{}", lambda rng: numbers.digits(rng, 28)),
    ("系统升级至{}", lambda rng: f"{rng.randint(1, 19)}.{rng.randint(0, 19)}.{rng.randint(0, 19)}.{rng.randint(0, 9)}"), ("快递单号{}", lambda rng: "SF" + numbers.digits(rng, 13)), ("流水{}", lambda rng: "62" + numbers.digits(rng, 17)), ("凭证{}", lambda rng: numbers.digits(rng, 16)), ("时间戳：{}", lambda rng: str(rng.randint(1_600_000_000_000, 1_760_000_000_000))),
    ("电表读数{}", lambda rng: numbers.digits(rng, 6)), ("设备编号{}", lambda rng: f"SB{numbers.digits(rng, 10)}"), ("发票号{}", lambda rng: numbers.digits(rng, 8)), ("税额{}", lambda rng: f"{rng.randint(1, 9999)}.{rng.randint(10, 99)}"), ("楼层{}", lambda rng: str(rng.randint(1, 40))), ("trace:{}", lambda rng: f"{rng.getrandbits(64):016x}"), ("比例{}%", lambda rng: f"{rng.uniform(0, 100):.3f}"),
)  # fmt: skip
