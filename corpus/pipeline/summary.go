package pipeline

import (
	"cmp"
	"maps"
	"slices"

	"github.com/athanor-lm/athanor/corpus"
)

// summarise adds up what the tasks counted.
func (p *Pipeline) summarise() (*Summary, error) {
	r := p.recipe
	s := &Summary{Format: ReportFormat, Version: ReportVersion, Creator: p.o.Creator, Name: r.Name, Recipe: p.hashes.recipe, Corpus: p.hashes.finish, Seed: r.Seed, Tasks: len(p.tasks)}
	for i, in := range r.Inputs {
		sum := InputSummary{Source: in.Source, Synthetic: in.Synthetic}
		for _, f := range p.inputs[i].Files() {
			sum.Files++
			sum.Size += f.Size
		}
		sum.Read.LeftOut = p.inputs[i].Stats().LeftOut
		sum.add(&taskStats{SetAside: int64(len(p.unlisted[i])), BadFiles: int64(len(p.unlisted[i])), First: p.unlisted[i]})
		s.Inputs = append(s.Inputs, sum)
	}
	tallies := map[int]*stepTally{}
	shown := newSamples(r.Samples, r.Seed)
	for k := range p.stages {
		for t := range p.tasks {
			var st taskStats
			if err := readJSON(p.taskFile(k, t, extStats), &st); err != nil {
				return nil, err
			}
			for i, tally := range st.Steps {
				if tallies[i] == nil {
					tallies[i] = newStepTally()
				}
				tallies[i].add(tally)
			}
			shown.merge(st.Samples)
			if k == 0 {
				s.Inputs[p.tasks[t].input].add(&st)
			}
		}
	}
	for i := range r.Steps {
		step, err := p.summariseStep(i, tallies[i], shown)
		if err != nil {
			return nil, err
		}
		s.Steps = append(s.Steps, step)
	}
	for _, f := range p.finals {
		s.Final = append(s.Final, SourceSummary{Source: f.source, Synthetic: f.synthetic, Amount: f.tally.Out, Tokens: f.tally.Tokens,
			Lengths: f.tally.Lengths, Languages: named(f.tally.Languages)})
	}
	return s, nil
}

// timings adds up the tasks' times. Where they are missing, they are left out: nothing depends on them.
func (p *Pipeline) timings() Timings {
	t := Timings{Steps: make([]StepTiming, len(p.recipe.Steps))}
	for i, s := range p.recipe.Steps {
		t.Steps[i].Name = s.Name
		if _, pass := s.Settings.(corpus.PassSettings); pass {
			t.Steps[i].Name += ", deciding"
		}
	}
	for k := range p.stages {
		for task := range p.tasks {
			times := map[int]StepTiming{}
			if readJSON(p.taskFile(k, task, extTime), &times) != nil {
				continue
			}
			for i, s := range times {
				t.Steps[i].Bytes += s.Bytes
				t.Steps[i].Nanos += s.Nanos
			}
		}
	}
	return t
}

// add adds what a task read.
func (s *InputSummary) add(st *taskStats) {
	s.Read.Add(st.Read)
	s.SetAside += st.SetAside
	s.BadFiles += st.BadFiles
	for _, bad := range st.First {
		if len(s.First) < maxFirst {
			s.First = append(s.First, bad)
		}
	}
}

func (p *Pipeline) summariseStep(i int, t *stepTally, shown *samples) (StepSummary, error) {
	step := &p.recipe.Steps[i]
	if t == nil {
		t = newStepTally() // no document came to it
	}
	s := StepSummary{Name: step.Name, Use: step.Use, In: t.In, Out: t.Out, NotFor: t.NotFor, Edited: t.Edited, EditedOut: t.EditedOut,
		EditSamples: shown.Edits[i], Counts: named(t.Counts), Lengths: t.Lengths, Languages: named(t.Languages)}
	var err error
	if s.Settings, err = settingsText(step.Settings); err != nil {
		return s, err
	}
	for _, rule := range slices.Sorted(maps.Keys(t.Drops)) {
		s.Drops = append(s.Drops, DropSummary{Rule: rule, Amount: *t.Drops[rule], Samples: shown.Drops[i][rule]})
	}
	slices.SortStableFunc(s.Drops, func(a, b DropSummary) int { return cmp.Compare(b.Documents, a.Documents) })
	for k, stage := range p.stages {
		if stage.collect != i {
			continue
		}
		var m mergeStats
		if err := readJSON(p.mergeStatsFile(k), &m); err != nil {
			return s, err
		}
		s.Stats, s.Charts = m.Stats, m.Charts
	}
	return s, nil
}
