"""Invitation mails, relayed to a mail server: `relay` is the queue, `smtp` sends one mail, `message` writes it."""
