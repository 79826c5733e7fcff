// Package pii finds what points at a person or opens a door: e-mail and IP addresses, phone numbers, identity numbers, bank
// cards, passports, keys and passwords. The filter `pii` replaces it by placeholders or drops the document; Redact hides all of
// it in a text that is to be shown.
//
// A Scanner goes over the text once. A table says which bytes can begin or carry a find ('@', ':', digits, a few rare
// capitals); everything else is passed over. At a digit the whole number is taken in, with the separators people write
// between groups of digits, and each kind looks at the groups. Full-width letters and digits are folded to ASCII first, in
// texts that have any.
//
// A kind a file: email.go, ipv4.go, ipv6.go, phone.go (with phone_china.go, phone_nanp.go and phone_world.go), chineseid.go,
// bankcard.go, iban.go, ssn.go, passport.go, secret.go (with secret_assigned.go), privatekey.go, credentials.go and
// coordinates.go. Where a form alone says too little, words before the number decide (cue.go).
package pii
