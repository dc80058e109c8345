"""The browser's door: units of a run, a playground, descriptions by people, and the chat."""
