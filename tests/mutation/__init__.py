"""Mutation testing: small changes drawn at random, each of which some test must notice.

`tests/mutants` plants bugs by name, one for a test that must find it. Here nothing is named: `make
mutants` draws from all changes that can be made to the rules, and lists those that survive.
"""
