"""What documents the API, all made from one table of calls and the handlers' own schemas, at build time.

``python -m apidocs`` writes docs/openapi.json and its copy in the bundle, events/ and docs/examples/.
"""
