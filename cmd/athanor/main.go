// Command athanor turns raw text into a pretrained language model.
//
// Each subcommand lives in a file of its own and holds no logic but flags, wiring and printing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	"golang.org/x/term"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// cli is the command tree, in the order of the data's way; kong derives parsing, help and completion from it.
type cli struct {
	Quickstart quickstartCmd `cmd:"" help:"From text to a model that writes, in three minutes."`
	Corpus     corpusCmd     `cmd:"" help:"Clean, deduplicate and mix text by a recipe."`
	Tokenizer  tokenizerCmd  `cmd:"" help:"Train tokenizers; encode and decode with them."`
	Dataset    datasetCmd    `cmd:"" help:"Turn text into token shards; look into them."`
	Train      trainCmd      `cmd:"" help:"Pretrain a model, or continue a run."`
	Generate   generateCmd   `cmd:"" help:"Continue prompts with a trained model."`
	Export     exportCmd     `cmd:"" help:"Write a model as a Hugging Face directory."`
	Import     importCmd     `cmd:"" help:"Make a run directory of a Hugging Face model."`
	Bench      benchCmd      `cmd:"" help:"Measure this machine: kernels, training steps, tokenizers."`
	Version    versionCmd    `cmd:"" help:"Print the version, the build and the processor's kernel level."`
	Completion completionCmd `cmd:"" help:"Print how to switch on tab completion in bash, zsh or fish."`

	ShowVersion kong.VersionFlag `name:"version" hidden:""` // what people type before they look for the command
}

// cliContext is what a subcommand gets from its surroundings.
type cliContext struct {
	ctx    context.Context // cancelled by the first Ctrl-C or SIGTERM
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	isTTY  bool   // stderr is a terminal: progress may redraw and use colours
	width  int    // columns of the terminal, 80 where unknown
	self   string // how this program was called, for commands that a person is to type next
}

// errQuiet is returned by a subcommand that has already told the user what went wrong.
var errQuiet = errors.New("already reported")

const description = `Athanor turns raw text into a pretrained language model on the CPUs you own:
tokenizer, token shards, training, generation, export to Hugging Face.

Start with:  athanor quickstart`

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code (0 done, 1 failed, 2 usage).
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signalContext(stderr)
	defer stop()

	if err := kernel.LevelErr(); err != nil {
		fmt.Fprintf(stderr, "athanor: %v; using %v\n", err, kernel.CurrentLevel())
	}
	exit := -1
	parser, err := kong.New(&cli{},
		kong.Name("athanor"),
		kong.Description(description),
		kong.Vars{"version": "athanor " + version},
		kong.Writers(stdout, stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Exit(func(code int) { exit = code; panic(exitPanic{}) }),
	)
	if err != nil {
		fmt.Fprintln(stderr, "athanor:", err)
		return 1
	}
	return dispatch(parser, args, &exit, &cliContext{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr, isTTY: isTerminal(stderr), width: termWidth(stderr), self: calledAs(os.Args[0])})
}

// exitPanic unwinds out of kong when it wants to exit (help, completion).
type exitPanic struct{}

func dispatch(parser *kong.Kong, args []string, exit *int, c *cliContext) (code int) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exitPanic); !ok {
				panic(r)
			}
			code = *exit
		}
	}()
	kongcompletion.Register(parser) // answers the shell's completion requests, then exits
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(c.stderr, "athanor:", err)
		var perr *kong.ParseError
		if errors.As(err, &perr) && perr.Context != nil {
			command, _, _ := strings.Cut(perr.Context.Command(), " <") // without its arguments, which a shell would take for redirections
			fmt.Fprintf(c.stderr, "Try: %s --help\n", strings.TrimSpace("athanor "+command))
		}
		return 2
	}
	if err := kctx.Run(c); err != nil {
		switch {
		case errors.Is(err, errQuiet):
		case errors.Is(err, context.Canceled) && c.ctx.Err() != nil:
			fmt.Fprintln(c.stderr, "athanor:", interruption(err))
		default:
			fmt.Fprintln(c.stderr, "athanor:", err)
		}
		return 1
	}
	return 0
}

// signalContext is cancelled by the first Ctrl-C or SIGTERM, after which the work in hand is brought to a clean
// stop; a second signal ends the process at once.
func signalContext(stderr io.Writer) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-ch; !ok {
			return
		}
		cancel()
		if _, ok := <-ch; ok {
			fmt.Fprintln(stderr, "\nathanor: second signal, stopping at once")
			os.Exit(130)
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(ch)
		cancel()
	}
}

// interruption is what an error of a cancelled context says to people: no more than that, where it does not tell what was kept.
func interruption(err error) string {
	if text := strings.TrimSuffix(err.Error(), ": "+context.Canceled.Error()); strings.Contains(text, "interrupted") {
		return text
	}
	return "interrupted"
}

// calledAs is what to type to run this program again, from its argument 0.
func calledAs(arg0 string) string {
	name := strings.TrimSuffix(filepath.Base(arg0), ".exe")
	switch {
	case strings.Contains(filepath.ToSlash(arg0), "/go-build") && name == "athanor":
		return "go run ./cmd/athanor" // which builds into a temporary place
	case name == "athanor":
		return arg0
	}
	return "athanor"
}

// next is a command that a person is to type next: this program, with arguments as a shell wants them.
func (c *cliContext) next(args ...string) string {
	words := []string{c.self}
	for _, a := range args {
		words = append(words, shellWord(a))
	}
	return strings.Join(words, " ")
}

// shellWord makes text one word of a shell.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-=:,+@", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// refuseGiven refuses flags that were given and would be passed over in silence, and says why.
func refuseGiven(k *kong.Context, why string, flags ...string) error {
	for _, p := range k.Path {
		if p.Flag != nil && slices.Contains(flags, p.Flag.Name) {
			return fmt.Errorf("--%s %s", p.Flag.Name, why)
		}
	}
	return nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func termWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
			return width
		}
	}
	return 80
}
