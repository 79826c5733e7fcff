package read

// Part returns a corpus of the files [from, to) of c, with counts of its own. Records that are set aside go to onBad; a file
// that cannot be read ends the reading.
func (c *Corpus) Part(from, to int, onBad func(Bad)) *Corpus {
	p := &Corpus{opts: c.opts, files: c.files[from:to]}
	p.opts.OnBad, p.opts.OnBadFile = onBad, nil
	for _, f := range p.files {
		p.total += f.Size
	}
	return p
}
