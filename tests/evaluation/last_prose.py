"""A second part kept aside, written after the first had been looked at: sentences of other speakers and other clerks."""

from collections.abc import Mapping

from tests.evaluation import numbers
from tests.evaluation.held_prose import HELD_VALUES
from tests.evaluation.prose import Make

LAST_VALUES: Mapping[str, Make] = {**HELD_VALUES, "ipv6": numbers.ipv6}
LAST_TEMPLATES: dict[str, str] = {
    "resident_id": "已核验{}的身份证原件，身份证号无误|客户报身份证号：{}|持卡人身份号码 {}", "resident_id_15": "其旧身份证号码是{}|证件号 {}，15位", "hmt_residence_permit": "港澳台居民居住证：{}|出示了居住证，号码{}",
    "foreigner_permit": "永久居留身份证编号为{}|外国人证件号{}", "foreigner_permit_old": "外国人永久居留证：{}|永居证号码 {}", "passport": "护照 {} 已过期|请提供护照，如{}", "home_return_permit": "港澳通行回乡证{}|回乡证为{}", "taiwan_permit": "台胞证 {}|台湾居民来往大陆通行证，号码{}",
    "exit_permit": "通行证号：{}|港澳通行证 {}", "hong_kong_id": "香港永久居民身份证{}|香港客户证件号 {}", "taiwan_id": "台湾身份证编号{}|统一编号：{}", "macau_id": "澳门身份证号码 {}|证件号{}（澳门）", "social_credit_code": "该公司统一社会信用代码为{}|纳税人识别号 {}",
    "bank_card": "转到我{}的卡上，卡号就这个|收款卡号 {}|银行账户：{}", "mobile": "手机换成{}了|拨打{}无人接听|来电号码{}|电话：{}", "landline": "公司总机{}|宅电：{}|请拨{}转人工", "email": "电子邮件发至{}|抄送{}|{}收不到邮件", "ipv4": "登录地址{}不在常用地|IP {} 被封禁", "ipv6": "来源IP：{}|从{}访问",
    "mac": "绑定的MAC {}|网卡MAC：{}", "imei": "IMEI {}|手机串号为{}", "meid": "设备MEID {}|MEID码：{}", "advertising_id": "广告标识符 {}|OAID为{}", "plate": "{}违停|抵押车辆车牌{}|车号{}", "vin": "车架号码 {}|车辆VIN：{}", "driver_file_no": "档案编号{}（驾驶证）|驾驶证档案编号为 {}",
    "officer_card": "军官证号：{}|证件{}已登记", "social_security_card": "社会保障卡 {}|社保卡号为{}", "alipay_id": "支付宝 {}|alipay用户{}", "wechat_id": "加我微信:{}|微信号 {}", "qq": "QQ：{}|加qq {}", "one_time_code": "验证码：{}，打死也不说|输入动态密码{}完成支付|登录验证码 {}", "card_security_code": "安全码为{}|CVV:{}",
    "card_expiry": "有效期：{}|卡片有效期到 {}", "secret_key": "token：{}|密钥是{}", "password": "密码改成{}了|用户密码：{}|登录口令为{}", "coordinates": "坐标：{}|最后定位在{}", "birth_date": "出生于{}|生日：{}|出生日期为{}", "property_certificate": "房产证号：{}|凭{}办理抵押",
    "postal_address": "地址是{}|快递送至{}|他家住{}|住址：{}", "person_name": "客户{}来电，|名叫{}，|收件人：{}，|{}女士咨询",
}  # fmt: skip
LAST_DISTRACTORS: tuple[tuple[str, Make], ...] = (
    ("请款单号{}", lambda rng: "13" + numbers.digits(rng, 9)), ("流水{}", lambda rng: "6228" + numbers.digits(rng, 15)), ("订单{}", lambda rng: "1" + numbers.digits(rng, 17)), ("共计{}元", lambda rng: f"{rng.randint(10**3, 10**9)}"),
    ("库存{}件", lambda rng: numbers.digits(rng, 7)), ("合同号HT{}", lambda rng: numbers.digits(rng, 12)), ("点击{}次", lambda rng: str(rng.randint(10, 99999999))), ("于{}生效", lambda rng: f"20{rng.randint(20, 26)}年{rng.randint(1, 12)}月{rng.randint(1, 28)}日"),
    ("升级到v{}", lambda rng: ".".join(str(rng.randint(0, 19)) for _ in range(4))), ("请求ID {}", lambda rng: numbers.uuid(rng)[:13]), ("包裹{}", lambda rng: "JD" + numbers.digits(rng, 13)), ("批次{}", lambda rng: f"L{numbers.digits(rng, 8)}"),
    ("利率{}", lambda rng: f"{rng.uniform(0, 1):.6f}"), ("票号{}", lambda rng: numbers.digits(rng, 10)), ("单价{}", lambda rng: f"{rng.randint(1, 9999)}.{rng.randint(10, 99)}"), ("序列号{}", lambda rng: f"SN{numbers.digits(rng, 14)}"),
)  # fmt: skip
