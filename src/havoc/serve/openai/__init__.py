"""The routes that OpenAI's clients know. ``havoc`` is the analyst, ``havoc-raw`` the network,
``havoc-embed`` the embedder."""
