package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"assay/internal/confine"
	"assay/internal/inventory"
)

const (
	// refusalFile is the file descriptor on which a process that was to become
	// the command says why it could not. It closes when it does.
	refusalFile = 3

	maxRefusal = 64 << 10 // bytes of it
	maxFolders = 8        // folders that a hint lists
)

// confinement is what a command may still do under --confine. A nil one leaves
// the command as it is.
type confinement struct {
	limits  confine.Limits
	folders []string // of the limits, for people
	left    []string // folders that were not opened, because they are too wide
	made    []string // folders that were made, from the outermost inwards

	read, write *os.File // the two ends of refusalFile
}

// confine prepares the limits of a command: it may connect to the proxy and
// write below the working folder, the folders for temporary files, where it
// installs to as its environment and arguments say, the caches of Assay's own (empty
// where they are not used), and extra. Folders that the installer would make outside
// of all these are made here.
func (a *app) confine(proxy, caches string, env, args, extra []string) (*confinement, error) {
	if err := confine.Check(); err != nil {
		var cannot *confine.UnsupportedError
		if errors.As(err, &cannot) {
			return nil, &failure{statusOwnFailure, err, cannot.Hint()}
		}
		return nil, &failure{statusOwnFailure, err, ""}
	}
	u, err := url.Parse(proxy)
	if err != nil {
		return nil, &failure{statusOwnFailure, err, ""}
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		return nil, &failure{statusOwnFailure, err, ""}
	}
	c := &confinement{}
	exist, missing := inventory.Find(inventory.Query{Env: env, Dir: a.cwd, Args: args}).Writable()
	if caches != "" {
		missing = append(missing, caches)
	}
	home := a.getenv("HOME")
	if home != "" {
		home = filepath.Clean(home)
	}
	c.folders, c.left = confine.Narrow(confine.Temporary(env), slices.Concat([]string{a.cwd}, exist, missing), home)
	for _, dir := range c.folders {
		if slices.Contains(missing, dir) {
			c.make(dir)
		}
	}
	for _, dir := range extra {
		path, err := filepath.Abs(dir)
		if err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			c.tidy()
			return nil, usage("make the folder first, or name another one", "--confine-write %s: %w", shown(dir), plainPathError(err))
		}
		c.folders = append(c.folders, path)
	}
	c.limits = confine.Limits{Connect: []uint16{uint16(port)}, Write: slices.Concat(c.folders, confine.Devices)}
	return c, nil
}

// make makes a folder and remembers what of it was not there. Where it cannot,
// neither could the installer, which then says so.
func (c *confinement) make(dir string) {
	var missing []string
	for path := dir; ; path = filepath.Dir(path) {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			break
		}
		missing = append(missing, path)
	}
	slices.Reverse(missing)
	if os.MkdirAll(dir, 0o777) == nil {
		c.made = append(c.made, missing...)
	}
}

// tidy removes what was made and not used.
func (c *confinement) tidy() {
	if c == nil {
		return
	}
	for _, dir := range slices.Backward(c.made) {
		os.Remove(dir) // one that is not empty stays
	}
}

// wrap lets a command that is not started yet go through this program, which
// confines itself and then becomes the command.
func (c *confinement) wrap(cmd *exec.Cmd) error {
	if c == nil {
		return nil
	}
	limits, err := c.limits.Argument()
	if err != nil {
		return &failure{statusOwnFailure, err, "run without '--confine'"}
	}
	if c.read, c.write, err = os.Pipe(); err != nil {
		return &failure{statusOwnFailure, err, ""}
	}
	cmd.Args = append([]string{"assay", confine.Verb, limits, cmd.Path}, cmd.Args...)
	cmd.Path = "/proc/self/exe"
	cmd.ExtraFiles = []*os.File{c.write}
	return nil
}

// began waits, after the command's start, until it is the command that runs, and
// returns why it does not.
func (c *confinement) began() error {
	if c == nil {
		return nil
	}
	c.write.Close()
	defer c.read.Close()
	text, err := io.ReadAll(io.LimitReader(c.read, maxRefusal))
	if err != nil {
		return &failure{statusOwnFailure, fmt.Errorf("starting the confined command: %w", err), ""}
	}
	if len(text) == 0 {
		return nil
	}
	var r refusal
	if err := json.Unmarshal(text, &r); err != nil {
		return &failure{statusOwnFailure, fmt.Errorf("starting the confined command: %w", err), ""}
	}
	return &failure{r.Status, errors.New(r.Error), r.Hint}
}

// hint says, behind a command that failed, what it could not do: all that it
// has seen itself is "Permission denied".
func (c *confinement) hint() string {
	if c == nil {
		return ""
	}
	folders := c.folders
	more := ""
	if len(folders) > maxFolders {
		more = fmt.Sprintf(" and %d more", len(folders)-maxFolders)
		folders = folders[:maxFolders]
	}
	text := "the command was confined: connections that do not go through assay were not possible, nor was writing outside of " +
		shown(strings.Join(folders, ", ")) + more + "; '--confine-write DIR' adds a folder"
	if len(c.left) > 0 {
		text += " (" + shown(strings.Join(c.left, ", ")) + " is too wide to be opened unasked)"
	}
	return text
}

// refusal is what goes over refusalFile.
type refusal struct {
	Status int    `json:"status"`
	Error  string `json:"error"`
	Hint   string `json:"hint"`
}

// becomeConfined is this program as the hidden verb starts it: LIMITS PATH ARG0
// [ARG ...]. It returns only where it could not become the command.
func becomeConfined(args, env []string) int {
	out := refusals()
	err := func() error {
		if len(args) < 3 {
			return errors.New("this verb is assay's own")
		}
		limits, err := confine.ParseLimits(args[0])
		if err != nil {
			return err
		}
		if err := confine.Restrict(limits); err != nil {
			return err
		}
		return become(args[1], args[2:], env)
	}()
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{statusOwnFailure, err, "run without '--confine'"}
	}
	if json.NewEncoder(out).Encode(refusal{f.status, f.err.Error(), f.hint}) != nil {
		fmt.Fprintf(os.Stderr, "assay: error: %s\n", shown(f.err.Error()))
	}
	return f.status
}

// notStarted is a command that is there and cannot be executed.
func notStarted(name string, err error) error {
	hint := ""
	if errors.Is(err, os.ErrNotExist) {
		hint = "the interpreter that its first line names is missing"
	}
	return &failure{statusNotStarted, fmt.Errorf("%s cannot be started: %w", shown(name), plainPathError(err)), hint}
}
