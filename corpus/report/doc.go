// Package report shows what a recipe did to a corpus: as one HTML page without anything outside it, for people who look, and
// as tables for a terminal.
package report
