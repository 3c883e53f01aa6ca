"""WhatsApp: the gateway, sessions in processes of their own, and the only code that knows neonize."""
