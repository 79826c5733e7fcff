package pii

// Kind is what was found. The order is the priority: where finds overlap, the earlier kind is taken, then the longer find,
// then the one that begins first.
type Kind uint8

// The kinds.
const (
	PrivateKey  Kind = iota // a PEM block
	Secret                  // keys and tokens of known services, and what is assigned to a name such as api_key
	Credentials             // user and password in a URL
	Email
	IPv6
	IPv4
	IBAN
	ChineseID // resident identity number of the PRC
	BankCard
	Passport
	SSN // US social security number
	Phone
	Coordinates // latitude and longitude
	NumKinds    = iota
)

var kindNames = [NumKinds]string{"private-key", "secret", "credentials", "email", "ipv6", "ipv4", "iban", "chinese-id",
	"bank-card", "passport", "ssn", "phone", "coordinates"}

var placeholders = [NumKinds]string{"[PRIVATE-KEY]", "[SECRET]", "[CREDENTIALS]", "[EMAIL]", "[IP]", "[IP]", "[IBAN]",
	"[ID-NUMBER]", "[BANK-CARD]", "[PASSPORT]", "[SSN]", "[PHONE]", "[COORDINATES]"}

// String returns the kind's name as reports count it.
func (k Kind) String() string { return kindNames[k] }

// Placeholder returns what stands for a find of the kind where the settings name nothing else.
func (k Kind) Placeholder() string { return placeholders[k] }

// kindSet is a set of kinds, a bit each.
type kindSet uint32

func (s kindSet) has(k Kind) bool { return s>>k&1 != 0 }

const allKinds kindSet = 1<<NumKinds - 1
