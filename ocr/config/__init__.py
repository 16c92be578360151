"""Compose and check configurations, and explain mistakes in them."""
