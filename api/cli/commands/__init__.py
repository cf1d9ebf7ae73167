"""One module for each command or group of commands; each holds a Typer application called ``APP``."""
