"""The HTTP side: routes, roles, envelopes and schemas. Knows no table and no carrier."""
