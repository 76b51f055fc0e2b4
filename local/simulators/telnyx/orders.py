"""Number orders: /number_orders, /sub_number_orders.

An order is paid when it is placed and refunded when it fails. It stays `pending` for `order_delay` seconds, or for ever
when a number's country asks for papers (requirements_met false) and the order names no requirement group.
"""

import re
from decimal import Decimal
from typing import Any

from local.simulators import inventory
from local.simulators.base import Answer, Call, Filter, Refused, Routes, Simulator
from local.simulators.inventory import Stock
from local.simulators.store import Record, iso, public
from local.simulators.telnyx import webhooks
from local.simulators.telnyx.errors import error
from local.simulators.telnyx.listing import find, listed, page, shown, stamps

routes = Routes()

WITHOUT_PAPERS = ("US", "CA")
_TEXT_FIELDS = ("connection_id", "messaging_profile_id", "billing_group_id", "customer_reference")


@routes("POST", "/v2/number_orders")
def create_order(call: Call) -> Answer:
    body = _checked_body(call.json())
    items = [_orderable(call, wanted["phone_number"]) for wanted in body["phone_numbers"]]
    _check_connection(call, body.get("connection_id"))
    cost = sum((Decimal(item.monthly_cost) + Decimal(item.upfront_cost) for item in items), Decimal(0))
    if cost > Decimal(call.account["balance"]) + Decimal(call.account["credit_limit"]):
        raise Refused(error(402, "20100", "Insufficient funds: the available credit does not cover this order."))
    numbers = [
        _order_line(call, item, wanted.get("requirement_group_id"))
        for item, wanted in zip(items, body["phone_numbers"], strict=True)
    ]
    order: Record = {
        "id": call.simulator.uuid(),
        "record_type": "number_order",
        "status": "pending",
        "phone_numbers": numbers,
        "phone_numbers_count": len(numbers),
        "requirements_met": all(number["requirements_met"] for number in numbers),
        "sub_number_orders_ids": [call.simulator.uuid()],
        "_cost": str(cost),
        "_due_at": call.now + (call.simulator.settings["order_delay"] or 0.0),
    }
    order |= {name: body[name] for name in _TEXT_FIELDS if name in body} | stamps(call)
    call.account["balance"] = str(Decimal(call.account["balance"]) - cost)
    call.account["number_orders"][order["id"]] = order
    call.effect(
        "number_order_created",
        id=order["id"],
        phone_numbers=[item.number for item in items],
        customer_reference=order.get("customer_reference"),
    )
    if order["_due_at"] <= call.now:
        complete_due(call.simulator)
    elif call.account["order_webhook_url"]:
        call.simulator.tick_later(order["_due_at"] - call.now)
    return shown(order)


def _checked_body(body: Any) -> Record:
    if not isinstance(body, dict):
        raise Refused(error(400, "10015", "The request body must be a JSON object.", "/"))
    wanted = body.get("phone_numbers")
    if not isinstance(wanted, list) or not wanted:
        raise Refused(error(400, "10004", "phone_numbers must name at least one number.", "/phone_numbers"))
    for index, entry in enumerate(wanted):
        number = entry.get("phone_number") if isinstance(entry, dict) else None
        if not isinstance(number, str) or not re.fullmatch(r"\+[1-9]\d{6,14}", number):
            raise Refused(
                error(422, "10016", f"{number!r} is not in +E.164 format.", f"/phone_numbers/{index}/phone_number")
            )
    for name in _TEXT_FIELDS:
        if not isinstance(body.get(name, ""), str):
            raise Refused(error(422, "10001", f"{name} must be a string.", f"/{name}"))
    return body


def _orderable(call: Call, number: str) -> Stock:
    """The number's stock record; refused when it was never searched for, is taken, or is out of the account's reach."""
    item = inventory.stock("telnyx").get(number)
    if item is None or number not in call.account["searched"]:
        detail = f"{number} was not returned by a search of this account; search for it before ordering."
        raise Refused(error(422, "10027", detail, "/phone_numbers"))
    if item not in call.simulator.for_sale():
        raise Refused(error(409, "10012", f"{number} is no longer available.", "/phone_numbers"))
    if call.flagged("unverified") and (item.type == "toll_free" or item.country not in WITHOUT_PAPERS):
        raise Refused(error(403, "10010", "This account must be verified to order toll-free or foreign numbers."))
    return item


def _check_connection(call: Call, connection_id: str | None) -> None:
    if connection_id and connection_id not in call.account["applications"] | call.account["texml_applications"]:
        raise Refused(error(422, "10027", f"Connection {connection_id} does not exist.", "/connection_id"))


def _order_line(call: Call, item: Stock, requirement_group_id: str | None) -> Record:
    met = item.country in WITHOUT_PAPERS or requirement_group_id is not None
    requirement = {
        "record_type": "phone_number_regulatory_requirement",
        "requirement_id": "8ffb3622-7c6b-4ccc-b65f-7a3dc0099576",
        "field_type": "address",
    }
    return {
        "id": call.simulator.uuid(),
        "record_type": "number_order_phone_number",
        "phone_number": item.number,
        "phone_number_type": item.type,
        "country_code": item.country,
        "country_iso_alpha2": item.country,
        "status": "pending",
        "requirements_met": met,
        "requirements_status": "approved" if met else "requirement-info-pending",
        "regulatory_requirements": [] if met else [requirement],
    }


@routes("GET", "/v2/number_orders")
def list_orders(call: Call) -> Answer:
    """Newest first; the numbers show only id and number here."""
    found = reversed(listed(call, "number_orders"))
    filters: dict[str, Filter] = {
        "filter[status]": lambda order, value: order["status"] == value,
        "filter[customer_reference]": lambda order, value: order.get("customer_reference") == value,
        "filter[phone_numbers_count]": lambda order, value: str(order["phone_numbers_count"]) == value,
        "filter[requirements_met]": lambda order, value: order["requirements_met"] == (value == "true"),
        "filter[created_at][gt]": lambda order, value: order["created_at"] > value,
        "filter[created_at][lt]": lambda order, value: order["created_at"] < value,
    }
    asked = {name: accepts for name, accepts in filters.items() if name in call.query}
    matching = [order for order in found if all(accepts(order, call.query[name]) for name, accepts in asked.items())]
    return page(
        call, ({**order, "phone_numbers": [_short(line) for line in order["phone_numbers"]]} for order in matching)
    )


def _short(line: Record) -> Record:
    return {"id": line["id"], "phone_number": line["phone_number"]}


@routes("GET", "/v2/number_orders/<id>")
def show_order(call: Call) -> Answer:
    return shown(find(call, "number_orders"))


@routes("PATCH", "/v2/sub_number_orders/<id>/cancel")
def cancel_sub_order(call: Call) -> Answer:
    """Only a pending order can be cancelled; it then shows as failed, its numbers' requirements as cancelled."""
    key = next(
        (
            id
            for id, order in call.account["number_orders"].items()
            if call.path["id"] in order["sub_number_orders_ids"]
        ),
        "",
    )
    order = find(call, "number_orders", key)
    if order["status"] != "pending":
        raise Refused(error(422, "10027", f"A sub number order of status {order['status']} can not be cancelled."))
    for line in order["phone_numbers"]:
        line |= {"status": "failure", "requirements_status": "cancelled"}
    _close(call.simulator, call.account, order)
    call.effect("number_order_cancelled", id=order["id"])
    sub_order = {
        "id": call.path["id"],
        "record_type": "sub_number_order",
        "order_request_id": order["id"],
        "status": "cancelled",
        "phone_numbers_count": order["phone_numbers_count"],
        "customer_reference": order.get("customer_reference"),
    }
    return Answer(200, {"data": sub_order})


def undecided(simulator: Simulator) -> set[str]:
    """Numbers in orders that are pending: nobody else can have them."""
    return {
        line["phone_number"]
        for account in simulator.state["accounts"].values()
        for order in account["number_orders"].values()
        for line in order["phone_numbers"]
        if line["status"] == "pending"
    }


def complete_due(simulator: Simulator) -> None:
    """Finishes every order whose time has come and whose requirements are met."""
    for key, account in simulator.state["accounts"].items():
        for order in account["number_orders"].values():
            if order["status"] != "pending" or not order["requirements_met"] or order["_due_at"] > simulator.now():
                continue
            for line in order["phone_numbers"]:
                failed = line["phone_number"] in account["failing_numbers"]
                line["status"] = "failure" if failed else "success"
                if not failed:
                    _hand_over(simulator, account, order, line)
            _close(simulator, account, order)
            if account["order_webhook_url"]:
                webhooks.send_order_complete(simulator, key, account["order_webhook_url"], public(order))


def _close(simulator: Simulator, account: Record, order: Record) -> None:
    """Settles the order's own status: success when any of its numbers was bought. Failed numbers are refunded."""
    bought = [line for line in order["phone_numbers"] if line["status"] == "success"]
    order |= {"status": "success" if bought else "failure", "updated_at": iso(simulator.now())}
    share = Decimal(order["_cost"]) / order["phone_numbers_count"] * (order["phone_numbers_count"] - len(bought))
    account["balance"] = str((Decimal(account["balance"]) + share).quantize(Decimal("0.01")))
    simulator.note_effect("number_order_closed", account=account["label"], id=order["id"], status=order["status"])


def _hand_over(simulator: Simulator, account: Record, order: Record, line: Record) -> None:
    """The number becomes a resource of the account, with an id of its own."""
    now = simulator.now()
    identity = simulator.numeric_id()
    account["phone_numbers"][identity] = {
        "id": identity,
        "record_type": "phone_number",
        "phone_number": line["phone_number"],
        "status": "active",
        "connection_id": order.get("connection_id"),
        "messaging_profile_id": order.get("messaging_profile_id"),
        "billing_group_id": order.get("billing_group_id"),
        "customer_reference": order.get("customer_reference"),
        "external_pin": None,
        "tags": [],
        "country_iso_alpha2": line["country_iso_alpha2"],
        "phone_number_type": line["phone_number_type"],
        "source_type": "number_order",
        "deletion_lock_enabled": False,
        "hd_voice_enabled": False,
        "emergency_enabled": False,
        "emergency_status": "disabled",
        "emergency_address_id": None,
        "inbound_call_screening": "disabled",
        "purchased_at": iso(now),
        "created_at": iso(now),
        "activated_at": iso(now),
        "updated_at": iso(now),
        "_e164": line["phone_number"],
        "_bought_at": now,
        "_listed_at": now + (simulator.settings["listing_lag"] or 0.0),
        "_voice": {},
    }
    simulator.note_effect("number_bought", account=account["label"], id=identity, phone_number=line["phone_number"])
