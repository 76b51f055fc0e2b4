"""What every carrier of numbers can do, and the values that pass in and out.

A client is bound to one account's credentials and one deadline. All its methods raise the errors of the transport:
`ProviderRejected` with a `code` of reasons.py, `InvalidProviderCredentials`, `ProviderRateLimited`,
`ProviderUnavailable`, `OutcomeUnknown` (from `order` alone), `OutOfTime`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Protocol

from telephony.values import AvailableNumber, Capabilities, Money, ProviderType, SearchCriteria


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """Where the calls and messages of a number go. Each carrier knows some of it; None is none."""

    connection_id: str | None = None
    messaging_profile_id: str | None = None
    voice_url: str | None = None
    sms_url: str | None = None
    voice_method: str | None = None
    """How `voice_url` is asked, if not by POST."""
    sms_method: str | None = None
    """The same for `sms_url`."""
    overridden_by: str | None = None
    """What makes the carrier ignore `voice_url` (an application, a trunk, another handler), if anything."""
    sms_overridden_by: str | None = None
    """The same for `sms_url`."""
    callbacks: Mapping[str, str] = field(default_factory=dict)
    """Whom else the carrier calls about the number (fallbacks, status callbacks), by the carrier's own names."""


def wires_of(number: Wires) -> dict[str, Any]:
    """The wires alone, by name."""
    return {each.name: getattr(number, each.name) for each in fields(Wires)}


@dataclass(frozen=True, slots=True)
class NumberSetup(Wires):
    """How a number is to be wired, all of it. What overrides a URL, and callbacks, can only stay or be taken away."""

    reference: str
    """Ours, at the order: Telnyx keeps it and finds the order by it."""
    friendly_name: str | None = None


@dataclass(frozen=True, slots=True)
class OwnedNumber(Wires):
    """A number in the carrier account, as the carrier shows it now."""

    id: str
    phone_number: str
    status: Literal["active", "pending", "suspended"]
    capabilities: Capabilities
    friendly_name: str | None = None
    country_code: str | None = None
    reference: str | None = None
    """What was ordered with it, ours or not: empty for nothing, None where the carrier keeps none."""


@dataclass(frozen=True, slots=True)
class Order:
    """Where a purchase stands. `number` once the carrier shows the number itself; `details` is for the caller."""

    status: Literal["pending", "success", "failure"]
    id: str
    number: OwnedNumber | None = None
    details: dict[str, Any] = field(default_factory=dict)
    failure: str | None = None
    """A code of reasons.py: why an order failed, or what a pending one lacks."""

    @classmethod
    def of(cls, number: OwnedNumber, provider: ProviderType, date_created: str | None) -> Order:
        """Of a carrier that sells at once and whose order is the number itself."""
        details = {
            "sid": number.id,
            "phone_number": number.phone_number,
            "friendly_name": number.friendly_name,
            "voice_url": number.voice_url,
            "sms_url": number.sms_url,
            "capabilities": asdict(number.capabilities),
            "date_created": date_created,
            "provider": provider.value,
        }
        return cls("success", number.id, number, details)


class NumberProvider(Protocol):
    type: ProviderType
    settle_after: float
    """Seconds after an order until "not there" may be believed."""

    def check(self) -> None:
        """Raises `InvalidProviderCredentials` if the account can't be used for what we need."""

    def search(self, criteria: SearchCriteria) -> list[AvailableNumber]:
        """What is for sale now; never wider than asked for.

        Raises `InvalidRequest` (`not_supported`) for what the carrier can't search for.
        """

    def quote(self, phone_number: str) -> AvailableNumber | None:
        """One number with its price, read just before an order; None if it is not for sale."""

    def monthly_price(self, phone_number: str) -> Money | None:
        """What an owned number costs now; None where the carrier doesn't tell."""

    def countries(self) -> list[str] | None:
        """ISO 3166-1 alpha-2 codes of the countries that numbers are sold of; None where the carrier doesn't tell."""

    def owned(self, phone_number: str) -> OwnedNumber | None:
        """The number in the account's own list, or None."""

    def all_owned(self) -> Iterator[OwnedNumber]:
        """The account's own list, page by page."""

    def order(self, phone_number: str, setup: NumberSetup) -> Order:
        """Buys. Never repeated by the transport once it may have acted."""

    def find_order(self, phone_number: str, reference: str, order_id: str | None) -> Order | None:
        """The order made earlier, as it stands now; None if there is none.

        A carrier that keeps no reference of ours goes by the number being in the account: whoever asks knows that it
        was not there before the order.
        """

    def configure(self, number: OwnedNumber, setup: NumberSetup) -> OwnedNumber:
        """Wires an owned number: touches what differs from `setup` alone, so that the same again changes nothing."""

    def release(self, number_id: str) -> None:
        """Gives the number back; one that is gone counts as given back. Raises `NotYetReleasable`."""
