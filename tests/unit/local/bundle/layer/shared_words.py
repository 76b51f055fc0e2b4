"""Stands for the code that a layer brings."""

GREETING = "hello"
