"""Invitation mails, relayed to a mail server."""
