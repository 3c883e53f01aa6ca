"""How all is: the report, what needs a person, the watchdog, the doctor."""
