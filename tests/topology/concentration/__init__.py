"""Tests of topological concentration."""
