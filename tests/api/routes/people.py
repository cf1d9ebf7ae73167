"""Made-up people with right check digits; nobody has these numbers."""

from vault import check_character

SHENYANG = "210102"


def resident_id(born: str, number: int = 1) -> str:
    """A made-up resident ID: district, birth date as YYYYMMDD, sequence, check character."""
    body = f"{SHENYANG}{born}{number:03d}"
    return body + check_character(body)


def person(number: int = 1, born: str = "19900214", **more: str) -> dict[str, str]:
    """Identifiers of a made-up person, by catalogue field."""
    return {
        "id_card_no": resident_id(born, number),
        "full_name": "欧阳测试",
        "mobile_no": f"1390000{number:04d}",
        **more,
    }
