"""Reading what the user hands over: questions, tables pasted into them, files."""
