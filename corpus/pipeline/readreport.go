package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// ReadReport reads what a finished run left in its output directory. Timings are nil where they were not kept.
func ReadReport(dir string) (*Summary, *Timings, error) {
	var s Summary
	file := filepath.Join(dir, reportName)
	if err := readJSON(file, &s); err != nil {
		return nil, nil, fmt.Errorf("corpus: read the report: %w", err)
	}
	if s.Format != ReportFormat || s.Version != ReportVersion {
		return nil, nil, fmt.Errorf("corpus: %s: it is %q version %d, want %q version %d", file, s.Format, s.Version, ReportFormat, ReportVersion)
	}
	var t Timings
	switch err := readJSON(filepath.Join(dir, timingsName), &t); {
	case errors.Is(err, fs.ErrNotExist):
		return &s, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("corpus: read the timings: %w", err)
	}
	return &s, &t, nil
}
