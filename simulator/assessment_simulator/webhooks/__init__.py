"""Webhooks: pending deliveries, attempts and retries."""
