package indextest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The suffixes that make a file name the name of what stands beside it.
const (
	metadataSuffix   = ".metadata"
	provenanceSuffix = ".provenance"
	ascSuffix        = ".asc"
	sigSuffix        = ".sig"
	listSuffix       = ".checksum.txt" // of a project and version
)

// phase is the moment at which a misbehaviour takes hold of an answer.
type phase int

const (
	before   phase = iota // instead of an answer, or ahead of it
	listing               // what the page says
	body                  // the bytes of the representation
	transfer              // how they are sent
)

// behaviour is what is known about a kind of misbehaviour.
type behaviour struct {
	phase    phase
	min, max int // number of arguments; a max of -1 has no limit
	check    func(arg string) error
}

var behaviours = map[string]behaviour{
	"status":          {before, 1, 1, checkStatus},
	"delay":           {before, 1, 1, checkDuration},
	"redirect":        {before, 1, 1, nil},
	"drop":            {before, 0, 0, nil},
	"endless-headers": {before, 0, 0, nil},
	"interim":         {before, 1, 1, checkCount},

	"foreign-file":        {listing, 0, 1, nil},
	"duplicate-file":      {listing, 0, 0, nil},
	"wrong-name":          {listing, 0, 1, nil},
	"wrong-hash":          {listing, 0, 0, nil},
	"wrong-metadata-hash": {listing, 0, 0, nil},

	"swapped":        {body, 0, 0, nil},
	"flipped":        {body, 0, 1, checkPlace},
	"truncated":      {body, 0, 1, checkPlace},
	"body":           {body, 1, -1, nil},
	"body-of":        {body, 1, 1, nil},
	"content-type":   {body, 1, -1, nil},
	"not-json":       {body, 0, 0, nil},
	"oversized":      {body, 1, 1, checkSize},
	"nested":         {body, 0, 1, checkCount},
	"duplicate-keys": {body, 0, 1, nil},

	"cut":       {transfer, 0, 1, checkPlace},
	"slow":      {transfer, 1, 1, checkCount},
	"endless":   {transfer, 0, 0, nil},
	"chunked":   {transfer, 0, 0, nil},
	"no-range":  {transfer, 0, 0, nil},
	"gzip-bomb": {transfer, 0, 1, checkSize},
	"unframed":  {transfer, 0, 1, checkPlace},
	"length":    {transfer, 1, 1, checkLength},
	"chunks":    {transfer, 1, 1, checkChunks},
}

// fault is one misbehaviour that was asked for.
type fault struct {
	name  string
	args  []string
	phase phase
	skip  int // requests that it lets pass first
	times int // requests that it then meets; -1 is all
}

// arg returns the fault's only argument or a default.
func (f fault) arg(otherwise string) string {
	if len(f.args) == 0 {
		return otherwise
	}
	return f.args[0]
}

// parseFault reads "NAME [ARGUMENT]… [skip=N] [times=N]".
func parseFault(text string) (*fault, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, fmt.Errorf("no misbehaviour is named")
	}
	known, ok := behaviours[words[0]]
	if !ok {
		return nil, fmt.Errorf("unknown misbehaviour %q", words[0])
	}
	f := &fault{name: words[0], phase: known.phase, times: -1}
	for _, w := range words[1:] {
		to := map[string]*int{"skip": &f.skip, "times": &f.times}
		key, value, isOption := strings.Cut(w, "=")
		if p := to[key]; isOption && p != nil {
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("%s: %q is not a number", f.name, w)
			}
			*p = n
			continue
		}
		if known.check != nil {
			if err := known.check(w); err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
		}
		f.args = append(f.args, w)
	}
	if len(f.args) < known.min || known.max >= 0 && len(f.args) > known.max {
		return nil, fmt.Errorf("%s: wrong number of arguments", f.name)
	}
	return f, nil
}

func checkStatus(arg string) error {
	if n, err := strconv.Atoi(arg); err != nil || http.StatusText(n) == "" {
		return fmt.Errorf("%q is not an HTTP status", arg)
	}
	return nil
}

func checkDuration(arg string) error {
	_, err := time.ParseDuration(arg)
	return err
}

func checkSize(arg string) error {
	_, err := parseSize(arg)
	return err
}

func checkCount(arg string) error {
	if n, err := strconv.Atoi(arg); err != nil || n < 1 {
		return fmt.Errorf("%q is not a positive number", arg)
	}
	return nil
}

func checkPlace(arg string) error {
	_, err := place(arg, 1<<40)
	return err
}

// place reads a position in a body: "N" from its beginning, "-N" from its end,
// "N%" of it.
func place(arg string, size int64) (int64, error) {
	number, percent := strings.CutSuffix(arg, "%")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || percent && (n < 0 || n > 100) {
		return 0, fmt.Errorf("%q is not a place in a body", arg)
	}
	switch {
	case percent:
		n = size * n / 100
	case n < 0:
		n += size
	}
	return max(0, min(n, size)), nil
}

// faults holds what was asked for, by target.
type faults struct {
	mu       sync.Mutex
	byTarget map[string][]*fault
}

// Misbehave makes the server answer wrongly for a target from now on:
//
//	s.Misbehave("demo-1.0-py3-none-any.whl", "swapped")
//	s.Misbehave("demo-1.0-py3-none-any.whl.provenance", "status 503 times=1")
//	s.Misbehave("demo/", "slow 1")
//
// The package comment lists the targets and the misbehaviours. Several add up,
// in the order in which they were asked for.
func (s *Server) Misbehave(target, misbehaviour string) error {
	f, err := parseFault(misbehaviour)
	if err != nil {
		return fmt.Errorf("indextest: %s: %w", target, err)
	}
	if err := s.index.checkTarget(target); err != nil {
		return fmt.Errorf("indextest: %w", err)
	}
	if f.name == "body-of" {
		if err := s.index.checkTarget(f.args[0]); err != nil {
			return fmt.Errorf("indextest: %s: body-of: %w", target, err)
		}
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.byTarget == nil {
		s.faults.byTarget = map[string][]*fault{}
	}
	s.faults.byTarget[target] = append(s.faults.byTarget[target], f)
	return nil
}

// Behave ends all misbehaviour of a target; of every target if it is "".
func (s *Server) Behave(target string) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if target == "" {
		s.faults.byTarget = nil
		return
	}
	delete(s.faults.byTarget, target)
}

// take returns the faults that meet this request.
func (l *faults) take(targets ...string) []fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []fault
	for _, t := range targets {
		for _, f := range l.byTarget[t] {
			switch {
			case f.skip > 0:
				f.skip--
				continue
			case f.times == 0:
				continue
			case f.times > 0:
				f.times--
			}
			out = append(out, *f)
		}
	}
	return out
}

// checkTarget refuses a target that no request can meet.
func (ix *index) checkTarget(target string) error {
	if target == "*" || strings.HasPrefix(target, "/") {
		return nil
	}
	if name, ok := strings.CutSuffix(target, "/"); ok {
		if ix.projects[name] != nil {
			return nil
		}
		return fmt.Errorf("there is no project %q to misbehave about", name)
	}
	name := strings.TrimSuffix(strings.TrimSuffix(target, metadataSuffix), provenanceSuffix)
	if ix.files[name] != nil || ix.signed[target] != nil {
		return nil
	}
	return fmt.Errorf("there is no file %q to misbehave about", name)
}
