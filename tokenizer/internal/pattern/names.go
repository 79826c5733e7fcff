package pattern

import (
	"strings"
	"sync"
	"unicode"
)

// categories are the long names of general categories, folded.
var categories = map[string]string{
	"letter": "L", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt", "modifierletter": "Lm", "otherletter": "Lo",
	"mark": "M", "nonspacingmark": "Mn", "spacingmark": "Mc", "enclosingmark": "Me", "combiningmark": "M",
	"number": "N", "decimalnumber": "Nd", "letternumber": "Nl", "othernumber": "No",
	"punctuation": "P", "connectorpunctuation": "Pc", "dashpunctuation": "Pd", "openpunctuation": "Ps", "closepunctuation": "Pe",
	"initialpunctuation": "Pi", "finalpunctuation": "Pf", "otherpunctuation": "Po",
	"symbol": "S", "mathsymbol": "Sm", "currencysymbol": "Sc", "modifiersymbol": "Sk", "othersymbol": "So",
	"separator": "Z", "spaceseparator": "Zs", "lineseparator": "Zl", "paragraphseparator": "Zp",
	"other": "C", "control": "Cc", "format": "Cf", "privateuse": "Co", "surrogate": "Cs",
}

// propertyNames maps folded names of categories and scripts to Go's.
var propertyNames = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for name := range unicode.Categories {
		out[strings.ToLower(name)] = name
	}
	for name := range unicode.Scripts {
		out[strings.ToLower(strings.ReplaceAll(name, "_", ""))] = name
	}
	return out
})
