"""Texts of 50,000 characters made to cost time: nearly matching, endlessly repeating, full of separators."""

SIZE = 50_000
_SEEDS = {
    "one digit": "1",
    "digits and spaces": "1 ",
    "digits, spaces, dashes": "1 2-",
    "at signs": "a@",
    "dots": "a.",
    "labels": "a@" + ("a" * 63 + "."),
    "Hanzi": "中",
    "house numbers": "1号",
    "roads": "路",
    "half addresses": "浙江省路1号",
    "ID numbers": "11010519491231002X ",
    "announced ID numbers": "身份证11010519491231002X",
    "hexadecimal": "aB",
    "colons": ":",
    "hexadecimal and colons": "ab:",
    "announcements": "姓名",
    "surnames": "张",
    "passwords": "密码",
    "token heads": "eyJaaaaaaaaaaa.eyJ",
    "a long token": "a",
    "decimals": "1.111,",
    "plates": "京A",
    "certificates": "京(2019)中中中",
    "dashes": "-",
    "full-width digits": "１",
    "letters and dashes": "a-",
    "commas": "12,",
    "brackets": "A123456(",
}
TEXTS = {name: (seed * (SIZE // len(seed) + 1))[:SIZE] for name, seed in _SEEDS.items()} | {
    "a token without end": ("eyJ" + "a" * SIZE)[:SIZE]
}
