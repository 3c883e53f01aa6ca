"""WhatsApp, played: a local server that speaks its protocol to the real neonize, and its phones.

Tests use `whatsapp_server.harness.PlayedWhatsApp`; README.md tells what it can do.
"""
