"""waremind: WhatsApp reminders for groups, run by sysadmins from the shell."""

__version__ = "0.1.0"
