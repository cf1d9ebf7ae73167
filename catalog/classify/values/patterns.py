"""The pattern and the judge of every kind that a pattern can find.

Rule: no pattern repeats a repetition over the same signs, so each takes time linear in the text; tests/catalog/classify hold
every one to hostile texts.
"""

import re
from typing import Final

from catalog.classify.values import contact, identity, money, place, travel
from catalog.classify.values.finding import Judge
from catalog.classify.values.rule import BEGIN, END

_PLATE: Final = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z]"
_PLATE_REST: Final = (
    "(?:[DABCEFGHJK][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[DABCEFGHJK]|[A-HJ-NP-Z0-9]{4}[学警港澳挂领]|[A-HJ-NP-Z0-9]{5})"
)
_SERVICES: Final = "(?:[军南北沈兰成济广海空参政后装武文士警]|士官|文职|武警|军官|政法|参联)"
_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ASSIGNED: Final = r"(?:号码|号)?[ \"']{0,2}(?:[一-龥]{0,5}(?:为|是|成|:)了?)?[ \"']{0,2}[:=]?[ \"']{0,2}"

_BOUNDED: Final[tuple[tuple[str, str, Judge], ...]] = (
    ("resident_id", r"[1-9](?:[ -]?[0-9]){16}[ -]?[0-9Xx]", identity.resident_id),
    ("hmt_residence_permit", r"8[123]0000(?:[ -]?[0-9]){11}[ -]?[0-9Xx]", identity.hmt_residence_permit),
    ("foreigner_permit", r"9(?:[ -]?[0-9]){16}[ -]?[0-9Xx]", identity.foreigner_permit),
    ("resident_id_15", r"[1-9](?:[ -]?[0-9]){14}", identity.resident_id_15),
    ("foreigner_permit_old", r"[A-Z]{3}[0-9]{12}", identity.foreigner_permit_old),
    (
        "passport",
        r"(?:[EG][0-9]{8}|E[A-HJ-NP-Za-hj-np-z][0-9]{7}|(?:DE|SE|PE|MA)[0-9]{7}|[HK][0-9]{8}|[HK][A-Z][0-9]{7})",
        travel.passport,
    ),
    ("home_return_permit", r"[HM][0-9]{8}(?:[0-9]{2})?", travel.home_return_permit),
    ("taiwan_permit", r"[0-9]{8}(?:[0-9]{2}(?:\([A-Z]\))?)?", identity.only_near),
    ("exit_permit", r"(?:[CW][0-9A-Z][0-9]{7}|[LT][0-9]{8})", identity.only_near),
    ("hong_kong_id", r"[A-Z]{1,2}[0-9]{6} ?(?:\([0-9A]\)|[0-9A])", travel.hong_kong_id),
    ("taiwan_id", r"[A-Z](?:[1289]|[A-D])[0-9]{8}", travel.taiwan_id),
    ("macau_id", r"[157](?:/[0-9]{6}/|[0-9]{6} ?\()[0-9]\)?", travel.macau_id),
    ("social_credit_code", r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", money.social_credit),
    ("organisation_code", r"[0-9A-Z]{8}-[0-9X]", money.organisation),
    ("bank_card", r"[1-9][0-9]{3}(?:[ -]?[0-9]){11,15}", money.bank_card),
    (
        "mobile",
        r"(?:(?:\+|00)?86[ -]?)?(?:1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}|1[3-9][0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{4})",
        contact.mobile,
    ),
    (
        "landline",
        r"(?:\(0[1-9][0-9]{1,2}\) ?|(?:(?:\+|00)86[ -]?)?0[1-9][0-9]{1,2}[ -]?)?[2-8][0-9]{2,3}[ -]?[0-9]{4}(?:(?:[ -]?(?:转|#|ext\.?)[ ]?|-)[0-9]{1,6})?",
        contact.landline,
    ),
    ("imei", r"[0-9]{15}|[0-9]{2}[ -][0-9]{6}[ -][0-9]{6}[ -][0-9]", contact.imei),
    ("meid", r"[A-Fa-f][0-9A-Fa-f]{13}", identity.only_near),
    ("vin", r"[A-HJ-NPR-Z0-9]{17}", travel.vehicle),
    ("driver_file_no", r"[1-9][0-9]{11}", identity.only_near),
    ("social_security_card", r"[0-9A-Z][0-9]{8}", identity.only_near),
    ("alipay_id", r"2088[0-9]{12}", identity.likely),
    ("wechat_openid", r"o[A-Za-z0-9_-]{27}", identity.only_near),
    ("wechat_id", r"wxid_[0-9a-z]{12,22}", identity.certain),
    ("qq", r"[1-9][0-9]{4,10}", identity.only_near),
    ("one_time_code", r"[0-9]{4,8}", identity.only_near),
    ("card_security_code", r"[0-9]{3,4}", identity.only_near),
    ("card_expiry", r"(?:0[1-9]|1[0-2]) ?[/-] ?(?:20)?[0-9]{2}", money.expiry),
    ("secret_key", r"(?:AKIA|ASIA)[0-9A-Z]{16}|LTAI[0-9A-Za-z]{12,20}|AKID[0-9A-Za-z]{28,32}", identity.certain),
)
_OTHERS: Final[tuple[tuple[str, str, Judge], ...]] = (
    (
        "email",
        rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{{0,63}}@(?:{_LABEL}\.){{1,8}}[A-Za-z]{{2,24}}(?![A-Za-z0-9-])",
        identity.certain,
    ),
    ("ipv4", r"(?<![0-9A-Za-z.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9A-Za-z]|\.[0-9])", contact.ipv4),
    (
        "ipv6",
        r"(?<![0-9A-Za-z.])(?<![0-9:]:)(?<!(?<![A-Za-z])[A-Fa-f]:)(?:::|[0-9A-Fa-f]{1,4}:)[0-9A-Fa-f:]{0,37}(?:[0-9.]{7,15})?(?![0-9A-Za-z:])",
        contact.ipv6,
    ),
    (
        "mac",
        r"(?<![0-9A-Za-z])(?<![:.-][0-9A-Fa-f]{2}[:.-])(?<!(?<![A-Za-z])[0-9A-Fa-f]{2}[:.-])(?:(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})(?![0-9A-Za-z:-])",
        identity.likely,
    ),
    (
        "advertising_id",
        r"(?<![0-9A-Za-z-])(?:[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f]{16})(?![0-9A-Za-z-])",
        contact.advertising_id,
    ),
    (
        "plate",
        rf"(?<![0-9A-Za-z])(?:{_PLATE}[·•. -]?{_PLATE_REST}|使[0-9]{{6}}|[0-9]{{6}}使|WJ[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]?[·•]?[0-9]{{4,5}}[0-9A-Z]?)(?![0-9A-Za-z])",
        identity.likely,
    ),
    ("officer_card", rf"(?<![同权书]){_SERVICES}字第[0-9]{{4,8}}号?", identity.officer_card),
    (
        "property_certificate",
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\((?:19|20)[0-9]{2}\)[一-龥]{2,12}不动产权第[0-9]{5,9}号",
        identity.certain,
    ),
    (
        "coordinates",
        r"(?<![0-9.-])-?[0-9]{1,3}\.[0-9]{3,12}°?[NSEWnsew]? ?[,/; ] ?-?[0-9]{1,3}\.[0-9]{3,12}°?[NSEWnsew]?(?![0-9.])",
        place.coordinates,
    ),
    (
        "secret_key",
        r"(?<![0-9A-Za-z_-])(?:sk-[0-9A-Za-z_-]{20,100}|gh[pousr]_[0-9A-Za-z]{36}|AIza[0-9A-Za-z_-]{35}|eyJ[0-9A-Za-z_-]{10,2000}\.eyJ[0-9A-Za-z_-]{10,4000}\.[0-9A-Za-z_-]{10,2000})(?![0-9A-Za-z_-])|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----",
        identity.certain,
    ),
    (
        "secret_key",
        rf"(?i:secret_?key|access_?key|api_?key|appsecret|app_secret|token|密钥|私钥){_ASSIGNED}(?P<value>[A-Za-z0-9+/=_.-]{{16,200}})",
        identity.strict_near,
    ),
    (
        "password",
        rf"(?i:(?<!动态)(?<!验证)(?<!短信)(?:密码|口令)|passw(?:or)?d|\bpwd){_ASSIGNED}(?P<value>[!-+\--:<-~]{{4,64}})",
        identity.strict_near,
    ),
    ("password", r"(?<![0-9A-Za-z])\$2[aby]\$[0-9]{2}\$[./0-9A-Za-z]{53}(?![./0-9A-Za-z])", identity.certain),
    (
        "wechat_id",
        r"(?i:微信号|微信|wechat|weixin|vx|wx|v信|威信|薇信|加v|加微)(?:[ _-]?(?i:id|no|account)|号|账号)?(?: ?(?:搜索|联系|改成|换成|绑定|改为|换为|是|为|加|搜|叫|[:=])){0,2} ?(?P<value>[A-Za-z][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9])",
        identity.strict_near,
    ),
    (
        "coordinates",
        r"(?i:经度|纬度|longitude|latitude|lng|lat)[ :为是=\"]{0,4}(?P<value>-?[0-9]{1,3}\.[0-9]{3,12})(?![0-9.])",
        identity.strict_near,
    ),
    (
        "birth_date",
        r"(?<![0-9])(?:19[0-9]{2}|20[0-2][0-9])(?:年|[-/.])(?:0?[1-9]|1[0-2])(?:月|[-/.])(?:[12][0-9]|3[01]|0?[1-9])日?(?![0-9])",
        identity.only_near,
    ),
    (
        "birth_date",
        r"(?<![0-9])(?:19[0-9]{2}|20[0-2][0-9])(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?![0-9])",
        identity.only_near,
    ),
)
RAW: Final = frozenset(
    {
        "email",
        "ipv6",
        "mac",
        "advertising_id",
        "secret_key",
        "password",
        "wechat_id",
        "wechat_openid",
        "coordinates",
        "plate",
        "officer_card",
        "property_certificate",
        "organisation_code",
        "birth_date",
        "meid",
        "landline",
    }
)

PATTERNS: Final[tuple[tuple[str, re.Pattern[str], Judge], ...]] = tuple(
    [(kind, re.compile(f"{BEGIN}(?:{pattern}){END}"), judge) for kind, pattern, judge in _BOUNDED]
    + [(kind, re.compile(pattern), judge) for kind, pattern, judge in _OTHERS]
)
