"""Wires the apps together: settings, addresses, background work and the services of one run."""
