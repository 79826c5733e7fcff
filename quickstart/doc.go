// Package quickstart takes a bare machine from raw text to a language model that writes, in a few minutes.
package quickstart
