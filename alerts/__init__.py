"""Who must be told? Changes to alerts, alerts to deliveries. Imports neither `monitor` nor `extractors`."""
