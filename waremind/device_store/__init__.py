"""The SQLite file in which whatsmeow's programs keep a device: read here, never changed."""
