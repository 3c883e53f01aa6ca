"""What waremind promises of speed and size, measured: `python -m bench` with PYTHONPATH=tests."""
