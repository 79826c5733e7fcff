package mix

// Plan is a mix worked out: how much of each source is taken.
type Plan struct {
	Parts []Part `json:"parts"`
}

// Part is one source's part of a mix.
type Part struct {
	Source string `json:"source"`
}
