"""Made-up identifiers with right check digits; nobody's."""

import string
from random import Random

from catalog.classify.values import checks

REGIONS = "110105 310104 440305 330106 510104 420106 320102 610113 370102 350203 500103 120101 210102 230103 341126 430102 450103 520103 530102 620102 130104 140105 150105 220102 360103 411081 460106 640104 652301 632121".split()
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
VIN = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
CARD_HEADS = "622202 622848 621700 621226 620522 622588 625830 622150 628288 623094 436742 524094 955880 622700 621661 622155 356833".split()
MOBILE_HEADS = "130 131 132 133 134 135 136 137 138 139 145 147 150 151 152 153 155 156 157 158 159 166 170 171 173 175 176 177 178 180 181 182 183 184 185 186 187 188 189 191 193 195 196 197 198 199".split()


def digits(rng: Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def day(rng: Random, low: int = 1950, high: int = 2007) -> str:
    return f"{rng.randint(low, high)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"


def resident_id(rng: Random) -> str:
    head = rng.choice(REGIONS) + day(rng) + digits(rng, 3)
    return head + checks.id_check(head)


def resident_id_15(rng: Random) -> str:
    return rng.choice(REGIONS) + day(rng, 1930, 1985)[2:] + digits(rng, 3)


def hmt_residence_permit(rng: Random) -> str:
    head = rng.choice(["810000", "820000", "830000"]) + day(rng) + digits(rng, 3)
    return head + checks.id_check(head)


def foreigner_permit(rng: Random) -> str:
    head = "9" + digits(rng, 2) + digits(rng, 3) + day(rng) + digits(rng, 3)
    return head + checks.id_check(head)


def foreigner_permit_old(rng: Random) -> str:
    return (
        rng.choice(["USA", "CAN", "GBR", "JPN", "KOR", "DEU", "FRA", "AUS"])
        + digits(rng, 4)
        + day(rng, 1950, 1999)[2:]
        + digits(rng, 2)
    )


def passport(rng: Random) -> str:
    return rng.choice(
        [
            f"E{digits(rng, 8)}",
            f"E{rng.choice('ABCDEFGHJK')}{digits(rng, 7)}",
            f"G{digits(rng, 8)}",
            f"PE{digits(rng, 7)}",
        ]
    )


def home_return_permit(rng: Random) -> str:
    return rng.choice("HM") + digits(rng, rng.choice([8, 10]))


def hong_kong_id(rng: Random) -> str:
    head = rng.choice([rng.choice(string.ascii_uppercase), *("WX", "XA", "EC")]) + digits(rng, 6)
    return next(f"{head}({sign})" for sign in "0123456789A" if checks.hong_kong(head + sign))


def taiwan_id(rng: Random) -> str:
    head = rng.choice("ABCDEFGHJKLMNPQRSTUVXY") + rng.choice("12") + digits(rng, 7)
    return next(head + sign for sign in string.digits if checks.taiwan(head + sign))


def macau_id(rng: Random) -> str:
    return f"{rng.choice('157')}{digits(rng, 6)}({digits(rng, 1)})"


def organisation(rng: Random) -> str:
    head = "".join(rng.choice("0123456789M") for _ in range(8))
    return next(head + sign for sign in "0123456789X" if checks.organisation(head + sign))


def social_credit_code(rng: Random) -> str:
    head = rng.choice(["91", "92", "52", "12", "93"]) + rng.choice(REGIONS) + organisation(rng)
    return next((head + sign for sign in USCC if checks.mod_31(head + sign)), "") or social_credit_code(rng)


def with_luhn(head: str) -> str:
    return next(head + sign for sign in string.digits if checks.luhn(head + sign))


def bank_card(rng: Random) -> str:
    head = rng.choice(CARD_HEADS)
    length = 16 if head[0] in "345" or head[:3] in {"625", "628", "356"} else rng.choice([16, 17, 19])
    card = with_luhn(head + digits(rng, length - 7))
    return card if rng.random() > 0.02 else card[:-1] + str((int(card[-1]) + 3) % 10)


def mobile(rng: Random) -> str:
    return rng.choice(MOBILE_HEADS) + digits(rng, 8)


def landline(rng: Random) -> str:
    area = rng.choice("010 021 022 023 025 027 028 029 0571 0755 0512 0731 0371 0531".split())
    return f"{area}-{rng.choice('2345678')}{digits(rng, 7)}"


def email(rng: Random) -> str:
    name = "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(3, 10)))
    host = rng.choice(["qq.com", "163.com", "example.com", "126.com", "sina.com.cn", "foxmail.com", "mail.example.org"])
    return rng.choice([f"{name}{digits(rng, 3)}@{host}", f"{name}.{name[:3]}@{host}", f"{digits(rng, 9)}@{host}"])


def ipv4(rng: Random) -> str:
    return ".".join(str(rng.randint(1, 254)) for _ in range(3)) + f".{rng.randint(21, 254)}"


def ipv6(rng: Random) -> str:
    groups = [f"{rng.randint(0, 65535):x}" for _ in range(8)]
    return rng.choice([":".join(groups), f"240e:{groups[0]}::{groups[1]}"])


def mac(rng: Random) -> str:
    return rng.choice([":", "-"]).join(f"{rng.randint(0, 255):02X}" for _ in range(6))


def imei(rng: Random) -> str:
    return with_luhn(rng.choice(["86", "35", "01"]) + digits(rng, 12))


def meid(rng: Random) -> str:
    return rng.choice("ABCDEF") + "".join(rng.choice("0123456789ABCDEF") for _ in range(13))


def uuid(rng: Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def idfa(rng: Random) -> str:
    return uuid(rng).upper()


def plate(rng: Random) -> str:
    head = rng.choice(PLATES) + rng.choice("ABCDEFGH")
    return head + rng.choice(
        [digits(rng, 5), f"{rng.choice('ABCDEFG')}{digits(rng, 4)}", f"D{digits(rng, 5)}", f"{digits(rng, 4)}学"]
    )


def vin(rng: Random) -> str:
    head = rng.choice(["LSV", "LFV", "LGB", "LHG"]) + "".join(rng.choice(VIN) for _ in range(5))
    tail = "".join(rng.choice(VIN) for _ in range(2)) + digits(rng, 6)
    return next(head + sign + tail for sign in "0123456789X" if checks.vin(head + sign + tail))


def officer_card(rng: Random) -> str:
    return f"{rng.choice('军南北沈兰济广海空')}字第{digits(rng, rng.choice([7, 8]))}号"


def alipay_id(rng: Random) -> str:
    return "2088" + digits(rng, 12)


def wechat_id(rng: Random) -> str:
    return "wxid_" + "".join(rng.choice(string.ascii_lowercase + string.digits) for _ in range(14))


def coordinates(rng: Random) -> str:
    return f"{rng.uniform(75, 134):.6f},{rng.uniform(19, 52):.6f}"


def property_certificate(rng: Random) -> str:
    return f"{rng.choice('京沪粤浙苏')}({rng.randint(2016, 2025)}){rng.choice(['朝阳区', '浦东', '深圳市', '杭州市', '南京市'])}不动产权第{digits(rng, 7)}号"


def card_expiry(rng: Random) -> str:
    return f"{rng.randint(1, 12):02}/{rng.randint(22, 34)}"


def password_hash(rng: Random) -> str:
    alphabet = string.ascii_letters + string.digits + "./"
    return f"$2b${rng.choice(['10', '12'])}$" + "".join(rng.choice(alphabet) for _ in range(53))


def secret_key(rng: Random) -> str:
    return rng.choice(
        [
            "AKIA" + "".join(rng.choice(string.ascii_uppercase + string.digits) for _ in range(16)),
            "sk-" + "".join(rng.choice(string.ascii_letters) for _ in range(40)),
        ]
    )
