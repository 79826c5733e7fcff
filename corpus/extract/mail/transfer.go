package mail

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// transfer undoes the encoding for the way (RFC 2045, 6).
func (p *parser) transfer(h header, body []byte) []byte {
	switch e := strings.ToLower(strings.Trim(h.get("content-transfer-encoding"), " \t\"';")); e {
	case "base64":
		return p.base64(body)
	case "quoted-printable":
		return p.quotedPrintable(body)
	case "", "7bit", "8bit", "binary", "8bits", "7bits", "7-bit", "8-bit":
	default:
		p.defect("an unknown transfer encoding")
	}
	return body
}

// base64 decodes what is of its alphabet, up to where it ends or is damaged.
func (p *parser) base64(body []byte) []byte {
	clean := make([]byte, 0, len(body))
	for _, c := range body {
		switch {
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/':
			clean = append(clean, c)
		case c > ' ' && c != '=':
			p.defect("bytes in base64 that are none of it")
		}
	}
	if len(clean)%4 == 1 {
		p.defect("base64 that is cut off")
		clean = clean[:len(clean)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, err := base64.RawStdEncoding.Decode(out, clean)
	if err != nil {
		p.defect("base64 that cannot be decoded")
	}
	return out[:n]
}

// quotedPrintable decodes =XX and soft line ends, and leaves alone what is no such thing.
func (p *parser) quotedPrintable(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for line := range bytes.Lines(body) {
		text := bytes.TrimRight(line, " \t\r\n")
		end := "\n"
		if len(text) == len(line) {
			end = "" // the last line has none
		}
		for i := 0; i < len(text); i++ {
			if text[i] != '=' {
				out = append(out, text[i])
				continue
			}
			if i == len(text)-1 {
				end = "" // a soft line end
				break
			}
			hi, lo := -1, -1
			if i+2 < len(text) {
				hi, lo = hex(text[i+1]), hex(text[i+2])
			}
			if hi < 0 || lo < 0 {
				p.defect("an escape of quoted-printable that is none")
				out = append(out, '=')
				continue
			}
			out = append(out, byte(hi<<4|lo))
			i += 2
		}
		out = append(out, end...)
	}
	return out
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
