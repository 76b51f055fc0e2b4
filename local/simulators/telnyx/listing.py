"""Lists as Telnyx pages them: {"data": […], "meta": {"page_number", "page_size", "total_pages", "total_results"}}."""

from collections.abc import Iterable

from local.simulators.base import Answer, Call, Refused
from local.simulators.store import Record, iso, public
from local.simulators.telnyx.errors import error, not_found


def shown(record: Record, status: int = 200) -> Answer:
    return Answer(status, {"data": public(record)})


def find(call: Call, collection: str, key: str | None = None) -> Record:
    """The account's own resource. Refused with 404 when there is none."""
    record: Record | None = call.account[collection].get(key or call.path["id"])
    if record is None:
        raise Refused(not_found())
    return record


def stamps(call: Call) -> Record:
    """When a record was made, and from when on lists show it (a GET by id finds it at once)."""
    return {"created_at": iso(call.now), "updated_at": iso(call.now), "_listed_at": call.listed_at}


def listed(call: Call, collection: str) -> list[Record]:
    """What lists show yet, oldest first."""
    return [record for record in call.account[collection].values() if record["_listed_at"] <= call.now]


def page(call: Call, records: Iterable[Record], default_size: int = 20) -> Answer:
    """The page asked for by page[number] (from 1) and page[size] (1–250)."""
    everything = list(records)
    number = _number(call, "page[number]", 1, None)
    size = _number(call, "page[size]", default_size, 250)
    meta = {
        "page_number": number,
        "page_size": size,
        "total_pages": -(-len(everything) // size),
        "total_results": len(everything),
    }
    data = [public(record) for record in everything[(number - 1) * size : number * size]]
    return Answer(200, {"data": data, "meta": meta})


def _number(call: Call, name: str, default: int, highest: int | None) -> int:
    text = call.query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1 or (highest and int(text) > highest):
        raise Refused(error(400, "10033", f"{name} must be between 1 and {highest or 'the last page'}.", f"/{name}"))
    return int(text)


def containing(call: Call, records: Iterable[Record], field: str, parameter: str) -> list[Record]:
    """Filters by a case-insensitive part of a name. Refused when the part is shorter than three characters."""
    part = call.query.get(parameter)
    if part is None:
        return list(records)
    if len(part) < 3:
        raise Refused(error(400, "10015", f"{parameter} must be at least 3 characters long.", f"/{parameter}"))
    return [record for record in records if part.lower() in record[field].lower()]


def ordered(call: Call, records: Iterable[Record], fields: dict[str, str], default: str) -> list[Record]:
    """Sorts by the `sort` parameter ("-" first: descending); `fields` maps its values to record fields."""
    sort = call.query.get("sort", default)
    name = sort.removeprefix("-")
    if name not in fields:
        raise Refused(error(400, "10015", f"sort must be one of {', '.join(fields)}.", "/sort"))
    return sorted(records, key=lambda record: str(record[fields[name]] or ""), reverse=sort.startswith("-"))
