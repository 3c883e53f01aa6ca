"""WhatsApp: the gateway, sessions in child processes, and the only code that knows neonize."""
