"""The embedded studio: a deterministic generator that obeys the rendered prompt and knows its own truth."""
