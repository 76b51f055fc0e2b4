"""What the contract tests ask of each simulated carrier: between them every operation, and the errors that can be
provoked.
"""

from dataclasses import dataclass
from typing import Any

import requests

from local.simulators import demo_accounts as demo
from local.simulators.server import Server

APPLICATION = {"application_name": "Virsyn - Demo", "webhook_event_url": "https://example.com/hook"}


@dataclass
class Client:
    """Calls one carrier and asserts the status of each answer."""

    server: Server
    session: requests.Session

    def __call__(self, method: str, path: str, expected: int, **options: Any) -> Any:
        response = self.session.request(method, self.server.base_url + path, timeout=10, **options)
        assert response.status_code == expected, f"{method} {path}: {response.status_code} {response.text}"
        is_json = response.headers.get("Content-Type") == "application/json"
        return response.json() if response.content and is_json else None


def telnyx(call: Client) -> None:
    simulator = call.server.simulator
    profile = call("POST", "/outbound_voice_profiles", 200, json={"name": "Virsyn Outbound - Demo"})["data"]["id"]
    call("POST", "/outbound_voice_profiles", 422, json={"name": "ab"})
    call("GET", f"/outbound_voice_profiles/{profile}", 200)
    call("PATCH", f"/outbound_voice_profiles/{profile}", 200, json={"name": "Renamed", "concurrent_call_limit": 100})
    call("PATCH", f"/outbound_voice_profiles/{profile}", 422, json={"enabled": True})
    call("GET", "/outbound_voice_profiles", 200, params={"filter[name][contains]": "renamed", "page[size]": 250})

    outbound = {"outbound_voice_profile_id": profile, "channel_limit": 100}
    wanted = APPLICATION | {"inbound": {"channel_limit": 100, "shaken_stir_enabled": True}, "outbound": outbound}
    application = call("POST", "/call_control_applications", 201, json=wanted)["data"]["id"]
    call("POST", "/call_control_applications", 422, json={"application_name": "no address"})
    call("GET", f"/call_control_applications/{application}", 200)
    call("PATCH", f"/call_control_applications/{application}", 200, json=APPLICATION | {"webhook_api_version": "2"})
    call("PATCH", f"/call_control_applications/{application}", 200, json=APPLICATION | {"outbound": outbound})
    call("GET", "/call_control_applications", 200, params={"filter[application_name][contains]": "virsyn"})
    call("GET", "/call_control_applications", 400, params={"page[size]": 251})
    call("DELETE", f"/outbound_voice_profiles/{profile}", 422)

    texml = {"friendly_name": "texml", "voice_url": "https://example.com/texml", "outbound": outbound}
    texml_id = call("POST", "/texml_applications", 201, json=texml)["data"]["id"]
    call("POST", "/texml_applications", 422, json={"friendly_name": "texml"})
    call("GET", f"/texml_applications/{texml_id}", 200)
    call("PATCH", f"/texml_applications/{texml_id}", 200, json=texml | {"voice_method": "get"})
    call("PATCH", f"/texml_applications/{texml_id}", 422, json=texml | {"voice_method": "put"})
    call("GET", "/texml_applications", 200, params={"filter[friendly_name]": "texml"})
    call("GET", "/texml_applications", 400, params={"page[number]": 0})
    call("DELETE", f"/texml_applications/{texml_id}", 200)

    call("GET", "/balance", 200)
    simulator.account(demo.TELNYX_API_KEY)["forbidden"] = ["/v2/balance", "/v2/texml_applications"]
    call("GET", "/balance", 403)
    call("GET", "/texml_applications", 403)
    simulator.account(demo.TELNYX_API_KEY)["forbidden"] = []
    call("GET", "/public_key", 200)

    _telnyx_numbers(call, application)
    call("DELETE", f"/call_control_applications/{application}", 200)
    call("DELETE", f"/outbound_voice_profiles/{profile}", 200)


def _telnyx_numbers(call: Client, application: str) -> None:
    simulator = call.server.simulator
    filters = {
        "filter[country_code]": "US",
        "filter[phone_number_type]": "local",
        "filter[features][]": ["voice", "sms"],
    }
    offers = call("GET", "/available_phone_numbers", 200, params=filters | {"filter[limit]": 2})["data"]
    call("GET", "/available_phone_numbers", 200, params={"filter[country_code]": "GB", "filter[limit]": 1})
    call("GET", "/available_phone_numbers", 400, params={"filter[country_code]": "ZZ"})
    first, second = ({"phone_number": offer["phone_number"]} for offer in offers)
    references = {"connection_id": application, "customer_reference": "operation-1"}
    order = call("POST", "/number_orders", 200, json={"phone_numbers": [first]} | references)["data"]
    call("POST", "/number_orders", 400, json={"phone_numbers": []})
    call("POST", "/number_orders", 422, json={"phone_numbers": [{"phone_number": "+12125550199"}]})
    call("POST", "/number_orders", 409, json={"phone_numbers": [first]})
    call("GET", f"/number_orders/{order['id']}", 200)
    simulator.advance(5)
    decided = call("GET", f"/number_orders/{order['id']}", 200)["data"]
    assert (decided["status"], decided["phone_numbers"][0]["status"]) == ("success", "success")
    call("GET", "/number_orders", 200, params={"filter[customer_reference]": "operation-1"})
    call("GET", "/number_orders", 400, params={"page[size]": 0})
    british = {"phone_number": "+442079460100"}
    waiting = call("POST", "/number_orders", 200, json={"phone_numbers": [british]})["data"]
    call("PATCH", f"/sub_number_orders/{waiting['sub_number_orders_ids'][0]}/cancel", 200)
    simulator.account(demo.TELNYX_API_KEY)["balance"] = "0.00"
    call("POST", "/number_orders", 402, json={"phone_numbers": [second]})

    digits = first["phone_number"].removeprefix("+")
    number = call("GET", "/phone_numbers", 200, params={"filter[phone_number]": digits})["data"][0]["id"]
    call("GET", "/phone_numbers", 400, params={"filter[status]": "asleep"})
    call("GET", f"/phone_numbers/%2B{digits}", 200)
    call("PATCH", f"/phone_numbers/{number}", 200, json={"tags": ["demo"], "customer_reference": "operation-1"})
    call("PATCH", f"/phone_numbers/{number}", 422, json={"connection_id": "1293384261075731499"})
    call("GET", f"/phone_numbers/{number}/voice", 200)
    call("PATCH", f"/phone_numbers/{number}/voice", 200, json={"tech_prefix_enabled": True})
    call("PATCH", f"/phone_numbers/{number}/voice", 422, json={"tech_prefix_enabled": "yes"})
    call("PATCH", f"/phone_numbers/{number}/messaging", 200, json={"messaging_profile_id": "profile-1"})
    call("GET", f"/phone_numbers/{number}/messaging", 200)
    call("DELETE", f"/call_control_applications/{application}", 422)
    simulator.account(demo.TELNYX_API_KEY)["phone_numbers"][number]["deletion_lock_enabled"] = True
    call("DELETE", f"/phone_numbers/{number}", 422)
    simulator.account(demo.TELNYX_API_KEY)["phone_numbers"][number]["deletion_lock_enabled"] = False
    call("DELETE", f"/phone_numbers/{number}", 200)


def twilio(call: Client) -> None:
    account = f"/2010-04-01/Accounts/{demo.TWILIO_ACCOUNT_SID}"
    call("GET", f"{account}.json", 200)
    call("GET", f"{account}/Balance.json", 200)
    search = f"{account}/AvailablePhoneNumbers"
    params = {"AreaCode": 415, "SmsEnabled": "true", "PageSize": 5}
    offers = call("GET", f"{search}/US/Local.json", 200, params=params)["available_phone_numbers"]
    call("GET", f"{search}/US/TollFree.json", 200)
    call("GET", f"{search}/AU/Mobile.json", 200)
    call("GET", f"{search}/US/Mobile.json", 404)
    owned = f"{account}/IncomingPhoneNumbers"
    wanted = {"PhoneNumber": offers[0]["phone_number"], "VoiceUrl": "https://example.com/twiml", "VoiceMethod": "POST"}
    number = call("POST", f"{owned}.json", 201, data=wanted)["sid"]
    call("POST", f"{owned}.json", 201, data={"AreaCode": "212"})
    call("POST", f"{owned}.json", 400, data=wanted)
    first = call("GET", f"{owned}.json", 200, params={"PageSize": 1})
    call("GET", first["next_page_uri"], 200)
    call("GET", f"{owned}.json", 200, params={"PhoneNumber": offers[0]["phone_number"]})
    call("GET", f"{owned}/{number}.json", 200)
    call(
        "POST", f"{owned}/{number}.json", 200, data={"FriendlyName": "Front desk", "SmsUrl": "https://example.com/sms"}
    )
    call("DELETE", f"{owned}/{number}.json", 204)
    call("DELETE", f"{owned}/{number}.json", 404)
    call("GET", "/v1/PhoneNumbers/Countries", 200)
    call("GET", "/v1/PhoneNumbers/Countries/US", 200)
    call("GET", "/v1/PhoneNumbers/Countries/ZZ", 404)


def signalwire(call: Client) -> None:
    simulator = call.server.simulator
    call("GET", f"/api/laml/2010-04-01/Accounts/{demo.SIGNALWIRE_PROJECT_ID}", 200)
    numbers = "/api/relay/rest/phone_numbers"
    offers = call("GET", f"{numbers}/search", 200, params={"areacode": "415", "max_results": 3})["data"]
    call("GET", f"{numbers}/search", 200, params={"number_type": "toll-free"})
    call("GET", f"{numbers}/search", 422, params={"city": "Chicago"})
    first, second = (call("POST", numbers, 200, json={"number": offer["number"]}) for offer in offers[:2])
    call("POST", numbers, 422, json={"number": offers[0]["number"]})
    call("POST", numbers, 400, json=["number"])
    page = call("GET", numbers, 200, params={"page_size": 1})
    call("GET", page["links"]["next"], 200)
    call("GET", numbers, 400, params={"page_number": 1})
    call("GET", f"{numbers}/{first['id']}", 200)
    handlers = {
        "name": "Front desk",
        "call_handler": "laml_webhooks",
        "call_request_url": "https://example.com/twiml",
        "message_handler": "laml_webhooks",
        "message_request_url": "https://example.com/twiml",
    }
    call("PUT", f"{numbers}/{first['id']}", 200, json=handlers)
    call("PUT", f"{numbers}/{second['id']}", 422, json={"call_handler": "laml_webhooks"})
    call("DELETE", f"{numbers}/{first['id']}", 422)
    simulator.advance(14 * 86400)
    call("DELETE", f"{numbers}/{first['id']}", 204)


def ultravox(call: Client) -> None:
    call("GET", "/api/accounts/me", 200)
    config = {
        "accountSid": demo.TELNYX_ACCOUNT_SID,
        "apiKey": "KEY01",
        "publicKey": "aAqR",
        "applicationSid": "12933842610",
    }
    both = "/api/accounts/me/telephony_config"
    call("PATCH", both, 200, json={"telnyx": config})
    call("GET", both, 200)
    call("PATCH", both, 400, json={"telnyx": {"apiKey": "KEY01"}})
    call("PATCH", both, 200, json={"telnyx": None})
    twilio_config = {"accountSid": demo.TWILIO_ACCOUNT_SID, "authToken": "token", "callCreationAllowAllAgents": True}
    for carrier, body in {"telnyx": config, "twilio": twilio_config}.items():
        one = f"/api/telephony_configs/{carrier}"
        call("POST", one, 201, json=body)
        call("POST", one, 400, json=body)
        call("GET", one, 200)
        call("PATCH", one, 200, json={"callCreationAllowAllAgents": True})
        call("DELETE", one, 204)
        call("GET", one, 404)
    template = {"systemPrompt": "Be kind.", "voice": "Mark", "maxDuration": "600s"}
    agent = call("POST", "/api/agents", 201, json={"name": "Front desk", "callTemplate": template})["agentId"]
    call("GET", "/api/agents", 200, params={"pageSize": 1, "search": "desk"})
    call("GET", f"/api/agents/{agent}", 200)
    call("POST", f"/api/agents/{agent}/calls", 201, json={"medium": {"twilio": {}}, "metadata": {"number": "1"}})
    call("POST", "/api/calls", 201, json={"systemPrompt": "Be kind.", "medium": {"webRtc": {}}})
    call("PATCH", "/api/sip", 200, json={"allowAllAgents": True})
    call("GET", "/api/sip", 200)
    call("POST", "/api/webhooks", 201, json={"url": "https://example.com/hook", "events": ["call.ended"]})
    call("GET", "/api/webhooks", 200)


SCENARIOS = {"telnyx": telnyx, "twilio": twilio, "signalwire": signalwire, "ultravox": ultravox}
