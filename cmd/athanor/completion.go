package main

import kongcompletion "github.com/jotaen/kong-completion"

// completionCmd is the library's command with examples.
type completionCmd struct {
	kongcompletion.Completion
}

// Help is shown by athanor completion --help.
func (*completionCmd) Help() string {
	return `Says which line switches completion on in the running shell, and in which init file it stays. Without a name the login
shell is meant. With --code it prints what that line reads.

Examples:
  source <(athanor completion -c bash)
  echo 'source <(athanor completion -c zsh)' >> ~/.zshrc`
}
