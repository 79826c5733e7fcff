package read

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// File is one file of a corpus.
type File struct {
	Path     string    // as opened
	Name     string    // slash-separated, relative to the input that led to it: the same on every machine
	Source   string    // default source of its documents: the input's base name
	Input    int       // index of the input that led to it first
	Size     int64     // bytes on disk
	Modified time.Time // last, as the file system says

	format      *format
	compression string // "", or one of compressions
}

// Format returns the name of the file's format, one of Formats.
func (f *File) Format() string { return f.format.name }

// skippedDirs hold what is no text of its own; directories whose name starts with a dot are skipped as well.
var skippedDirs = map[string]bool{"CVS": true, "node_modules": true, "__pycache__": true}

// finder collects files in order.
type finder struct {
	opts     *Options
	files    []File
	seen     map[string]bool   // by key
	real     map[string]string // directories by the paths that led to them
	current  int               // the input that is looked at
	matched  int               // files the current input led to, also those seen before
	unlisted int               // directories below the current input that could not be listed
	skipped  map[string]int    // files the current input left out, by extension
	unread   map[string]int    // those of all inputs whose format is not read
}

func discover(inputs []string, opts *Options) (files []File, unread map[string]int, err error) {
	f := &finder{opts: opts, seen: map[string]bool{}, real: map[string]string{}, unread: map[string]int{}}
	if len(inputs) == 0 {
		return nil, nil, fmt.Errorf("read: no inputs were given, want files, directories or globs")
	}
	for i, in := range inputs {
		f.current = i
		f.skipped, f.matched, f.unlisted = map[string]int{}, 0, 0
		if err := f.input(in); err != nil {
			return nil, nil, err
		}
		if f.matched == 0 && f.unlisted == 0 {
			return nil, nil, fmt.Errorf("read: %s: no readable file found%s; read are %s", in, f.skippedText(), knownExtensions())
		}
	}
	return f.files, f.unread, nil
}

func (f *finder) input(in string) error {
	st, err := os.Stat(in)
	switch {
	case err == nil && st.IsDir():
		return f.walk(in)
	case err == nil:
		name := filepath.Base(in)
		return f.add(in, name, stem(name), st, true)
	case strings.ContainsAny(in, "*?[{"):
		return f.glob(in)
	}
	return fmt.Errorf("read: %w", err)
}

// walk adds the files of a directory. Links to files are followed, links to directories are not.
func (f *finder) walk(root string) error {
	real, err := filepath.EvalSymlinks(root) // WalkDir does not enter a root that is a link
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	abs, err := filepath.Abs(real)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	source := filepath.Base(abs)
	return filepath.WalkDir(real, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			rel, _ := filepath.Rel(real, p) // p is below real
			return f.unlistable(filepath.Join(root, rel), err)
		}
		hidden := p != real && strings.HasPrefix(e.Name(), ".")
		if e.IsDir() {
			if hidden || (p != real && skippedDirs[e.Name()]) {
				return filepath.SkipDir
			}
			return nil
		}
		if hidden {
			f.skipped[filepath.Ext(e.Name())]++
			return nil
		}
		rel, err := filepath.Rel(real, p)
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		st, err := os.Stat(p)
		switch {
		case err != nil && !leadsNowhere(err):
			return f.unlistable(filepath.Join(root, rel), err)
		case err != nil, !st.Mode().IsRegular():
			f.skipped[filepath.Ext(e.Name())]++
			f.leaveUnread(p)
			return nil
		}
		return f.add(filepath.Join(root, rel), filepath.ToSlash(rel), source, st, false)
	})
}

// add takes a file if its format is known. One that the user named himself must be.
func (f *finder) add(p, name, source string, st fs.FileInfo, named bool) error {
	if !named && len(f.opts.Extensions) > 0 && !slices.Contains(f.opts.Extensions, path.Ext(name)) {
		f.skipped[path.Ext(name)]++
		return nil
	}
	format, compression := formatOf(name, f.opts)
	if format == nil && !named {
		f.skipped[path.Ext(name)]++
		f.leaveUnread(p)
		return nil
	}
	if format == nil {
		return fmt.Errorf("read: %s: the extension %q says nothing about the format; read are %s, or say which format it is (%s)",
			p, path.Ext(stripped(name)), knownExtensions(), strings.Join(Formats(), ", "))
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("read: %s: not a regular file", p)
	}
	found := File{Path: p, Name: name, Source: source, Input: f.current, Size: st.Size(), Modified: st.ModTime(), format: format, compression: compression}
	if !named && f.opts.Keep != nil && !f.opts.Keep(&found) {
		f.skipped[path.Ext(name)]++
		return nil
	}
	f.matched++
	key := f.key(p)
	if f.seen[key] {
		return nil
	}
	f.seen[key] = true
	f.files = append(f.files, found)
	return nil
}

// key tells files from each other however links between directories lead to them.
func (f *finder) key(p string) string {
	dir := filepath.Dir(p)
	real, known := f.real[dir]
	if !known {
		real = dir
		if r, err := filepath.EvalSymlinks(dir); err == nil {
			real = r
		}
		if abs, err := filepath.Abs(real); err == nil {
			real = abs
		}
		f.real[dir] = real
	}
	return filepath.Join(real, filepath.Base(p))
}

// unlistable reports a directory that cannot be listed, or a file in one that cannot be entered.
func (f *finder) unlistable(p string, err error) error {
	if f.opts.OnBadFile == nil {
		return fmt.Errorf("read: %s: %w", p, withoutPath(err))
	}
	f.opts.OnBadFile(Bad{File: p, Reason: withoutPath(err).Error()})
	f.unlisted++
	return nil
}

// leadsNowhere tells the errors of a path at which there is no file, such as a link to none, from those of one that cannot be looked at.
func leadsNowhere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP)
}

// leaveUnread counts a file whose format is not read, once however many inputs lead to it.
func (f *finder) leaveUnread(p string) {
	if key := f.key(p); !f.seen[key] {
		f.seen[key] = true
		f.unread[filepath.Ext(p)]++
	}
}

// skippedText says what was left out, for the error that nothing was left.
func (f *finder) skippedText() string {
	if len(f.skipped) == 0 {
		return ""
	}
	return " (left out: " + ByExtension(f.skipped) + ")"
}

// ByExtension lists counts of files by extension for people, the first eight of them.
func ByExtension(counts map[string]int) string {
	var parts []string
	for _, ext := range slices.Sorted(maps.Keys(counts)) {
		if len(parts) == 8 {
			parts = append(parts, "…")
			break
		}
		name := ext
		if name == "" {
			name = "without extension"
		}
		parts = append(parts, fmt.Sprintf("%d %s", counts[ext], name))
	}
	return strings.Join(parts, ", ")
}

// formatOf is how a file of a name is read, a nil format where nobody knows.
func formatOf(name string, opts *Options) (*format, string) {
	bare, compression := splitCompression(name)
	if opts.Format != "" {
		return formatByName(opts.Format), compression
	}
	return formatByExtension(strings.ToLower(path.Ext(bare))), compression
}

// stripped is a name without the extension of a compression.
func stripped(name string) string {
	bare, _ := splitCompression(name)
	return bare
}

// stem is a file name without its extensions.
func stem(name string) string {
	bare := stripped(name)
	return strings.TrimSuffix(bare, path.Ext(bare))
}
