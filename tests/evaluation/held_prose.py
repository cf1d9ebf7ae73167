"""Prose of the part kept aside: other sentences, other distractors, other ways of writing values. Nobody tunes on these."""

from collections.abc import Mapping

from tests.evaluation import held_cells, numbers
from tests.evaluation.prose import VALUES, Make

HELD_VALUES: Mapping[str, Make] = {
    **VALUES, "bank_card": held_cells.spaced_card, "mobile": held_cells.typed_mobile, "landline": held_cells.typed_landline,
    "resident_id": lambda rng: str(held_cells.varied(numbers.resident_id)(rng)).strip(), "postal_address": held_cells.rural_address, "person_name": held_cells.rare_person,
    "mac": lambda rng: numbers.mac(rng).lower(), "advertising_id": lambda rng: rng.choice([numbers.uuid, numbers.idfa])(rng), "one_time_code": lambda rng: numbers.digits(rng, rng.choice([4, 6])),
}  # fmt: skip
HELD_TEMPLATES: dict[str, str] = {
    "resident_id": "本人({})承诺以上内容属实|借款人身份证{}到期|核实其身份证件号码 {} 与照片一致|{}，这是我的身份证号", "resident_id_15": "该客户仍使用15位身份证（{}）|身份证件号码{}为旧版",
    "hmt_residence_permit": "持居住证（{}）办理开户|证件类型为港澳台居住证，号码{}", "foreigner_permit": "五星卡号码{}|证件：外国人永久居留证，证号{}", "foreigner_permit_old": "其永久居留证（{}）尚未换发|外国人居留证件号 {}",
    "passport": "凭护照（{}）入住|Passport No. {}|客人出示的护照是{}", "home_return_permit": "凭回乡卡{}购票|通行证（回乡证）号码 {}", "taiwan_permit": "持台胞证（{}）入境|证件为台胞证，证号{}",
    "exit_permit": "办理的港澳通行证号码是{}|其往来台湾通行证：{}", "hong_kong_id": "港人身份证号 {}|客户出示香港身份证（号码{}）", "taiwan_id": "台湾居民，身份证字号{}|台湾同胞的身份证：{}", "macau_id": "澳门客户身份证{}核对无误|持澳门居民身份证 {}",
    "social_credit_code": "企业信用代码：{}|税号为{}，请开票", "bank_card": "工资卡是建行的{}|把钱打到{}这张卡，卡号别错|信用卡 {} 已挂失|储蓄卡({})余额不足", "mobile": "有事打我电话{}|号码是{}，晚上联系|微信同号{}|预留的手机为{}|收件电话{}",
    "landline": "单位座机是{}|办公室电话 {}|固话{}无人接听", "email": "回执请寄{}|我的邮箱地址是{}哦|联系：{}", "ipv4": "从{}登录|攻击源IP为{}|服务器{}宕机", "ipv6": "客户端IP为{}|IP地址：{}", "mac": "设备MAC为{}|无线网卡物理地址 {}",
    "imei": "手机IMEI码是{}|设备号(IMEI) {}", "meid": "电信版手机MEID码 {}|其MEID为{}", "advertising_id": "设备标识oaid={}|IDFA {} 已上报", "plate": "车牌为{}的小轿车|名下车辆{}|停着一辆{}", "vin": "VIN码{}|这台车的车架号是{}",
    "driver_file_no": "驾照档案编号为{}|驾驶证上的档案编号 {}", "officer_card": "出示军官证（{}）|持{}入住", "social_security_card": "社保卡卡号{}|我的社会保障卡号码是{}", "alipay_id": "支付宝账户ID为{}|支付宝会员号{}",
    "wechat_id": "我微信 {}|微信号是{}|请添加微信：{}", "qq": "我的QQ是{}|扣扣{}|QQ {} 找我", "one_time_code": "【某某银行】{}是您的验证码|验证码为 {} 切勿告知他人|校验码{}", "card_security_code": "卡片背面后三位是{}|CVN2码为{}|cvv {}",
    "card_expiry": "信用卡有效期到{}|卡有效期为{}", "secret_key": "私钥配置为{}|API密钥 {}", "password": "我的密码是{}|账号密码已重置为{}|pwd={}", "coordinates": "当前位置（{}）|GPS定位{}", "birth_date": "他{}出生|出生年月日为{}|孩子的生日{}",
    "property_certificate": "抵押房产的不动产权证书为{}|权证：{}", "postal_address": "我现在住{}|请寄到{}|户籍地址：{}|送货到{}", "person_name": "我叫{}，|联系人是{}，|{}先生来电|患者{}于昨日就诊",
}  # fmt: skip
HELD_DISTRACTORS: tuple[tuple[str, Make], ...] = (
    ("单据号 {} 待复核", lambda rng: "62" + numbers.digits(rng, 14)), ("订单{}退款中", lambda rng: f"1{rng.choice('38')}{numbers.digits(rng, 9)}"), ("运单号{}", lambda rng: "7" + numbers.digits(rng, 14)),
    ("总额{}元整", lambda rng: str(rng.randint(10**4, 10**8))), ("物流编号YT{}", lambda rng: numbers.digits(rng, 13)), ("日志ID {}", lambda rng: numbers.digits(rng, 18)), ("播放量达到{}次", lambda rng: numbers.digits(rng, 9)),
    ("凭证号：{}", lambda rng: numbers.digits(rng, 16)), ("截止20{}日", lambda rng: f"{rng.randint(20, 26)}年{rng.randint(1, 12)}月{rng.randint(1, 28)}"), ("房号{}", lambda rng: f"{rng.randint(1, 30)}-{rng.randint(101, 3000)}"),
    ("型号{}", lambda rng: f"{rng.choice('ABEG')}{numbers.digits(rng, 8)}"), ("保单号{}", lambda rng: "P" + numbers.digits(rng, 17)), ("年化利率{}%", lambda rng: f"{rng.uniform(3, 24):.4f}"), ("学号{}", lambda rng: "20" + numbers.digits(rng, 8)),
    ("固件版本{}", lambda rng: ".".join(str(rng.randint(0, 30)) for _ in range(4))), ("第{}页", lambda rng: str(rng.randint(1, 300))), ("交易流水{}已入账", lambda rng: "2024" + numbers.digits(rng, 14)), ("traceId={}", lambda rng: f"{rng.getrandbits(128):032x}"),
    ("比分{}", lambda rng: f"{rng.randint(0, 5)}:{rng.randint(0, 5)}"), ("耗时{}毫秒", lambda rng: str(rng.randint(100, 99999))), ("编码{}", lambda rng: numbers.digits(rng, 13)),
)  # fmt: skip
