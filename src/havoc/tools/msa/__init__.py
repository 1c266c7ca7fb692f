OPERATIONS: dict[str, str] = {}
