"""Homework 1: the checks, and what they know of its questions, its network and its data."""
