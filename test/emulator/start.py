# Starts the emulator without the extension that it would download.
from bqemulator.storage.engine import DuckDBEngine

DuckDBEngine._load_spatial = lambda self: None

from bqemulator.cli import main  # noqa: E402

main()
