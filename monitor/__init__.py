"""When to look, what is new, what to remember. Composes `extractors` and `alerts` into the service."""
