"""SQS wake-ups: each resumes one operation. An unreadable message is left to end in the dead-letter queue."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from telephony import startup, wakeups
from telephony.bootstrap import container
from telephony.clock import Deadline
from telephony.errors import StorageUnavailable
from telephony.observability import report_unexpected

SECONDS_PER_WAKEUP = 70
"""At most: the five carrier calls of the longest operation, at their time limits, and the journal. A run that dies
keeps its operation from others for as long as it had, and a batch of them must fit the function's time."""

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    startup.end()

    def resume(record: SQSRecord) -> None:
        deadline = Deadline.after(min(context.get_remaining_time_in_millis() / 1000, SECONDS_PER_WAKEUP))
        try:
            container().worker.resume(wakeups.parse(record.body), deadline)
        except StorageUnavailable:
            raise  # reported where it was met
        except Exception:
            report_unexpected()  # Powertools keeps silent about it
            raise

    return process_partial_response(event=event, record_handler=resume, processor=processor, context=context)
