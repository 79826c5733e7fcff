package corpus

// Report is what a step says about one document. The pipeline adds reports up and keeps samples; inspecting a document sets
// Explain and shows all of it.
type Report struct {
	// Explain asks for the value of every rule with the spans it hit (Findings), also of those that passed, and without
	// stopping at the first that failed. Otherwise steps leave Findings alone.
	Explain bool

	Dropped  string  // the rule that dropped the document ("short", "duplicate"), empty = kept
	Value    float64 // what the rule measured, where it measures
	Limit    float64 // what it wanted
	Partner  string  // the document it is a copy of, the benchmark item it holds
	Counts   []Count // what was changed or met, by kind: {"email", 3}, {"lines removed", 7}
	Findings []Finding
}

// Count is an amount of one kind.
type Count struct {
	Kind string
	N    int64
}

// Finding is a rule's look at a document.
type Finding struct {
	Rule   string
	Value  float64
	Limit  string // in words: "≤ 0.30", "50..100,000"
	Failed bool
	Spans  []Span // where in the text, at most a few hundred
}

// Span is a piece of the text the step was given, in bytes, with what it is.
type Span struct {
	Start, End int
	Kind       string
}

// Reset makes the report ready for the next document; Explain stays.
func (r *Report) Reset() {
	*r = Report{Explain: r.Explain, Counts: r.Counts[:0], Findings: r.Findings[:0]}
}

// Drop says that a rule drops the document for its value. The first rule that says so counts.
func (r *Report) Drop(rule string, value, limit float64) {
	if r.Dropped == "" {
		r.Dropped, r.Value, r.Limit = rule, value, limit
	}
}

// Add counts n more of a kind.
func (r *Report) Add(kind string, n int64) {
	if n == 0 {
		return
	}
	for i := range r.Counts {
		if r.Counts[i].Kind == kind {
			r.Counts[i].N += n
			return
		}
	}
	r.Counts = append(r.Counts, Count{kind, n})
}

// Find records a finding.
func (r *Report) Find(f Finding) { r.Findings = append(r.Findings, f) }
