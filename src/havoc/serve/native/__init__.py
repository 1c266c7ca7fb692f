"""havoc's own routes."""
