"""Invitation mails, relayed to a mail server: `relay` is the queue, `smtp` writes and sends one mail."""
