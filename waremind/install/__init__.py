"""waremind as a service of this machine: the units, the program that they run, systemd's tools."""
