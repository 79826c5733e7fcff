package pii

import (
	"fmt"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
)

// What becomes of a find.
const (
	Replace = "replace" // by a placeholder
	Drop    = "drop"    // the document
	Keep    = "keep"    // as it is, counted
	Off     = "off"     // not looked for
)

// Rule says what becomes of the finds of a kind.
type Rule struct {
	Action string `yaml:"action"` // "replace", "drop" (the document), "keep" (and count) or "off" (do not look)
	// With are the texts that replace finds, in turn within a document; empty = the kind's placeholder, "[EMAIL]". "{}" in it
	// stands for the find itself: "<mail>{}</mail>" marks instead of hiding.
	With []string `yaml:"with,omitempty"`
}

// Settings are those of the filter `pii`.
type Settings struct {
	Email       Rule `yaml:"email"`
	IPv4        Rule `yaml:"ipv4"`
	IPv6        Rule `yaml:"ipv6"`
	Phone       Rule `yaml:"phone"`
	ChineseID   Rule `yaml:"chinese_id"` // resident identity numbers of the PRC
	BankCard    Rule `yaml:"bank_card"`
	IBAN        Rule `yaml:"iban"`
	SSN         Rule `yaml:"ssn"` // US social security numbers
	Passport    Rule `yaml:"passport"`
	Secret      Rule `yaml:"secret"`      // API keys and tokens
	PrivateKey  Rule `yaml:"private_key"` // PEM blocks
	Credentials Rule `yaml:"credentials"` // user:password in URLs
	Coordinates Rule `yaml:"coordinates"` // latitude and longitude

	PublicIPsOnly bool `yaml:"public_ips_only"` // leave private, documentation and other special addresses alone, as datatrove does
	OldChineseID  bool `yaml:"old_chinese_id"`  // also take identity numbers of 15 digits, which have no checksum
	Meta          bool `yaml:"meta"`            // replace finds in the strings of the metadata, in findings and in the document's address too
	MaxItems      int  `yaml:"max_items"`       // drop documents with more finds than this, 0 = never (Dolma drops above 5)
}

// DefaultSettings replaces everything but coordinates, which it does not look for.
func DefaultSettings() Settings {
	r := Rule{Action: Replace}
	return Settings{Email: r, IPv4: r, IPv6: r, Phone: r, ChineseID: r, BankCard: r, IBAN: r, SSN: r, Passport: r, Secret: r,
		PrivateKey: r, Credentials: r, Coordinates: Rule{Action: Off}, PublicIPsOnly: true, Meta: true}
}

// rules returns the settings' rule of each kind.
func (c *Settings) rules() [NumKinds]*Rule {
	return [NumKinds]*Rule{PrivateKey: &c.PrivateKey, Secret: &c.Secret, Credentials: &c.Credentials, Email: &c.Email, IPv6: &c.IPv6,
		IPv4: &c.IPv4, IBAN: &c.IBAN, ChineseID: &c.ChineseID, BankCard: &c.BankCard, Passport: &c.Passport, SSN: &c.SSN,
		Phone: &c.Phone, Coordinates: &c.Coordinates}
}

// scanner returns a scanner of what the settings look for.
func (c *Settings) scanner() *Scanner {
	o := Options{AllIPs: !c.PublicIPsOnly, OldChineseID: c.OldChineseID}
	for k, r := range c.rules() {
		if r.Action != Off {
			o.Kinds = append(o.Kinds, Kind(k))
		}
		if r.Action == Keep {
			o.Last = append(o.Last, Kind(k))
		}
	}
	return NewScanner(o)
}

// Validate refuses unknown actions, and replacements that the filter would find again.
func (c *Settings) Validate() error {
	looking := false
	for k, r := range c.rules() {
		if !slices.Contains([]string{Replace, Drop, Keep, Off}, r.Action) {
			return fmt.Errorf("pii: %s: action is %q, want replace, drop, keep or off", Kind(k), r.Action)
		}
		if r.Action != Replace && len(r.With) > 0 {
			return fmt.Errorf("pii: %s: with is given, but the action is %s, not replace", Kind(k), r.Action)
		}
		looking = looking || r.Action != Off
	}
	if !looking {
		return fmt.Errorf("pii: every kind is off: leave the step out, or turn one on")
	}
	if c.MaxItems < 0 {
		return fmt.Errorf("pii: max_items is %d, want 0 (never) or more", c.MaxItems)
	}
	s := c.scanner()
	for k, r := range c.rules() {
		for _, w := range r.With {
			if strings.Contains(w, "{}") {
				continue
			}
			for _, m := range s.Scan(w) {
				if m.Kind != Kind(k) || m.End-m.Start != len(w) {
					return fmt.Errorf("pii: %s: the filter would find %s in its own replacement %q", Kind(k), m.Kind, w)
				}
			}
		}
	}
	return nil
}

// Files returns nil: everything is in the settings.
func (c *Settings) Files() []string { return nil }

// Open returns the filter.
func (c *Settings) Open(corpus.Env) (func() corpus.Filter, error) {
	shared := *c
	return func() corpus.Filter { return newFilter(&shared) }, nil
}
