"""Twenty beginnings of texts, for comparing how two programs go on with them."""

from __future__ import annotations

PROMPTS = (
    "The capital of France is",
    "Water boils at a temperature of",
    "Once upon a time there was a small",
    "The process is in statistical control when",
    "def fibonacci(n):",
    "A factorial design is used to",
    "In 1969, the first humans",
    "The quick brown fox",
    "To make bread you need flour, water,",
    "Photosynthesis is the process by which",
    "The square root of 144 is",
    "My favourite season is autumn because",
    "The mean of the sample is",
    "Shakespeare wrote many plays, including",
    "The main cause of the First World War was",
    "An electron has a negative",
    "List three primary colours:",
    "SELECT name FROM users WHERE",
    "The speed of light is about",
    "Dear Sir or Madam,",
)
