"""The embedded stack: carriers, queues and functions on one machine.

Nothing in here imports the product's own package, so that the stack and the code it runs cannot share a mistake.
"""
