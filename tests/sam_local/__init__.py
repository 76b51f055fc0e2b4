"""``make test-sam-local``: the bundle under AWS SAM's own emulator, in containers."""
