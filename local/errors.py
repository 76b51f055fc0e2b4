"""What can go wrong before the stack runs, told to the person who started it."""


class StackError(Exception):
    """The stack cannot do what was asked. The text is one sentence that says why and, where it can, what to do."""
