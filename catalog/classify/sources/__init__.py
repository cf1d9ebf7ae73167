"""Where samples come from: files and databases, table by table."""
