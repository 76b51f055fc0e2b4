"""What the system does: one file per capability. Knows neither HTTP nor SQS; both call the same functions."""
