package dataset

import (
	"path/filepath"
	"strings"
)

func baseName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), ".bin")
}
