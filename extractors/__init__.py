"""What does it say? Bytes to entries and articles, articles to claims. Imports neither `monitor` nor `alerts`."""
