"""What a call to one of our numbers meets: an assistant's agent, or a polite sentence, never an error tone.

The carrier asks by POST /twiml, signed with a key of the account that the number was bought with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from telephony.clock import Deadline
from telephony.errors import InvalidRequest, TelephonyError, Unauthenticated
from telephony.models import assistants, audit_events, phone_configurations, provider_configurations
from telephony.models.audit_events import AlreadyRecorded
from telephony.models.base import commit
from telephony.models.phone_configurations import PhoneConfiguration
from telephony.models.sealing import Sealer
from telephony.observability import logger
from telephony.providers.registry import Providers, webhook_signer
from telephony.services import credentials, signatures, wiring
from telephony.services.accounts import Accounts
from telephony.values import ProviderType

ANSWER_SECONDS = 12.0
"""Carriers wait 15 s for an answer."""

NO_REPLY = "<Response/>"

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def _sentence(text: str) -> str:
    return f"{_HEAD}<Response><Say>{text}</Say><Hangup/></Response>"


NOT_IN_SERVICE = _sentence("The number you have called is not in service. Goodbye.")
NOBODY_THERE = _sentence("Thank you for calling. Nobody can take your call right now. Please try again later. Goodbye.")


@dataclass(frozen=True, slots=True)
class Inbound:
    """A carrier's request. `urls`: where it may have been sent to, as the carrier knows it."""

    body: bytes
    headers: Mapping[str, str]
    urls: Sequence[str]


class InboundCalls:
    def __init__(self, accounts: Accounts, sealer: Sealer, providers: Providers) -> None:
        self._accounts = accounts
        self._sealer = sealer
        self._providers = providers

    def answer(self, request: Inbound, deadline: Deadline) -> str:
        """The document for the carrier (TwiML, SignalWire's cXML).

        Raises `Unauthenticated` for a request that the number's carrier account didn't sign; a message that can't be
        stored raises, too, for nobody listens to that. A call to a number that isn't ours is told so, whoever asks.
        """
        if not any(name in request.headers for name in ("x-twilio-signature", "x-signalwire-signature")):
            raise _refused()
        given = dict(signatures.parameters(request.body))
        is_message = "CallSid" not in given and ("MessageSid" in given or "SmsSid" in given)
        try:
            record = _record_of(given.get("To", ""))
            if record is None:
                return NO_REPLY if is_message else NOT_IN_SERVICE
            self._authenticate(record, request, given)
            if is_message:
                _store(record, given)
                return NO_REPLY
            return self._connect(record, given, deadline)
        except Unauthenticated:
            raise
        except Exception as error:  # whatever it is, the caller hears a sentence
            if is_message:
                raise
            if isinstance(error, TelephonyError):
                logger.warning("call not taken", extra={"code": error.code})
            else:
                logger.exception("call not taken")
            return NOBODY_THERE

    def _authenticate(self, record: PhoneConfiguration, request: Inbound, given: Mapping[str, str]) -> None:
        """Signed by the number's own account: which is also the one that the request names."""
        candidates = self._accounts.candidates(record)
        # One without keys yet can't have signed, and must not stand in the way of those that can.
        complete = [each for each in candidates if each.has("api_key") and each.has("api_secret")]
        signers = (webhook_signer(self._accounts.open(each)) for each in complete or candidates)
        signer = next((each for each in signers if each and each.account == given.get("AccountSid")), None)
        if signer is None:
            raise _refused()
        signature = next((request.headers[name] for name in signer.headers if name in request.headers), "")
        # The record's addresses as well: the carrier may know us by another host. A foreign one signs nothing for us.
        recorded = [url for url in (record.voice_url, record.sms_url) if url and wiring.is_twiml(url)]
        if not signatures.signed(signer.key.get_secret_value(), [*request.urls, *recorded], request.body, signature):
            raise _refused()

    def _connect(self, record: PhoneConfiguration, given: Mapping[str, str], deadline: Deadline) -> str:
        agency_id = str(record.agency_id)
        assistant = assistants.find(agency_id, int(record.assistant_id)) if record.assistant_id else None
        if assistant is None or not assistant.ultravox_agent_id:
            return NOBODY_THERE
        configuration = credentials.pick(provider_configurations.of_agency(agency_id), ProviderType.ULTRAVOX)
        if configuration is None or not configuration.has("api_key"):
            return NOBODY_THERE
        api_key = configuration.open(self._sealer)["api_key"]
        ends = Deadline.after(min(ANSWER_SECONDS, deadline.remaining()))
        names = {"from": "From", "to": "To", "call_sid": "CallSid"}
        metadata = {name: given[parameter] for name, parameter in names.items() if given.get(parameter)}
        join_url = self._providers.ultravox(api_key, ends).take_call(assistant.ultravox_agent_id, metadata)
        return f"{_HEAD}<Response><Connect><Stream url={quoteattr(join_url)}/></Connect></Response>"


def _record_of(called: str) -> PhoneConfiguration | None:
    from telephony import e164

    try:
        guard = phone_configurations.find_guard(e164.parse(called))
    except InvalidRequest:
        return None
    return phone_configurations.reload(guard.phone_configuration_id) if guard else None


def _store(record: PhoneConfiguration, given: Mapping[str, str]) -> None:
    """Once: carriers deliver a message again when our answer got lost."""
    agency_id, message_id = str(record.agency_id), given.get("MessageSid") or given.get("SmsSid")
    marks = [audit_events.once(agency_id, f"{record.provider} message {message_id}")] if message_id else []
    event = audit_events.record(
        agency_id,
        "message.received",
        str(record.provider),
        record.id,
        phone_number=record.phone_number,
        sender=given.get("From"),
        body=given.get("Body", ""),
        message_id=message_id,
    )
    try:
        commit(event, *marks)
    except AlreadyRecorded:
        logger.info("message delivered again", extra={"agency_id": agency_id, "message_id": message_id})


def _refused() -> Unauthenticated:
    return Unauthenticated("Invalid webhook signature", fix="Send requests signed by the number's carrier account.")
