package pii

import "strings"

// webhooks are addresses behind which the rest is a key: who has it can write to the channel.
var webhooks = [...]string{"hooks.slack.com/services/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/",
	"qyapi.weixin.qq.com/cgi-bin/webhook/send?key=", "open.feishu.cn/open-apis/bot/v2/hook/", "open.larksuite.com/open-apis/bot/v2/hook/"}

// webhook looks for the key of such an address in the URL whose scheme ends at t[i].
func (s *Scanner) webhook(t string, i int) {
	if !hasAt(t, i, "://") || !s.kinds.has(Secret) {
		return
	}
	for _, w := range webhooks {
		if !hasAt(t, i+3, w) {
			continue
		}
		start := i + 3 + len(w)
		end, digits := start, 0
		for end < len(t) && (base64url.has(t[end]) || t[end] == '/') {
			if isDigit(t[end]) {
				digits++
			}
			end++
		}
		end = start + len(strings.TrimRight(t[start:end], "/-_"))
		if end-start >= 24 && digits >= 3 && !isReference(t[start:end]) {
			s.add(Secret, start, end)
		}
		return
	}
}
