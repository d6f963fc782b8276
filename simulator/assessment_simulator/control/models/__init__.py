"""The bodies and answers of the control API: one class each is the validation, the view and the schema."""
