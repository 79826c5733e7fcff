package pipeline

// redact removes personal data from what is shown of a text.
func redact(text string) string { return "" }
