"""Made-up people and the desk that registers them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from examples.people import Person, birth_of, person, resident_id
from gate.registering import NewPerson, SubjectDesk
from tests.world import World

FIELDS = ("id_card_no", "full_name", "mobile_no", "bank_card_no", "email")


def desk_of(world: World) -> SubjectDesk:
    return SubjectDesk(world.keys, world.catalog, world.service)


def made_up(index: int, age: int = 30) -> Person:
    return person(index, key=f"p_{index % 1000}", birth=birth_of(index, age), sex="f")


def new(index: int, **changes: str) -> NewPerson:
    one = made_up(index)
    return NewPerson({name: getattr(one, name) for name in FIELDS} | changes)


def born(birth: date, serial: int = 1) -> NewPerson:
    return NewPerson({"id_card_no": resident_id(birth, serial, "m")})


def china_today(now: datetime) -> date:
    return now.astimezone(ZoneInfo("Asia/Shanghai")).date()


def years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February: the birthday is 1 March
        return date(day.year - years, 3, 1)
