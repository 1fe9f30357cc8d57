package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/indextest"
)

// TestStress starts many installations at once, by pip, by uv and by a fetcher
// that believes everything it is sent, all with one ASSAY_HOME, from one index
// that misbehaves towards most of them, each in its own way. Every run ends in
// time; nothing is installed but what the index's authors released and nobody
// spoiled; every run that nothing was done to succeeds; and the reports say what
// the index's own log and the installed files say (see stressCheck).
//
//	make stress          200 runs, 28 at a time
//	go test              40 runs, 12 at a time; none with -short
//
// ASSAY_TEST_STRESS is the number of runs and ASSAY_TEST_SEED chooses others.
func TestStress(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	runs, abreast := 40, 12
	if n, err := strconv.Atoi(os.Getenv("ASSAY_TEST_STRESS")); err == nil && n > 0 {
		runs, abreast = n, 28
	}
	seed, err := strconv.ParseUint(os.Getenv("ASSAY_TEST_SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	s := newStress(t, runs, seed)
	started := time.Now()
	s.play(t, abreast)
	check := stressCheck{stress: s, log: s.faulty.Requests()}
	check.all(t)
	t.Logf("seed %d: %d runs, %d at a time, %d processors, took %s, the slowest %s", seed, runs, abreast, runtime.NumCPU(),
		time.Since(started).Round(time.Second), check.slowest.Round(time.Second))
	t.Log(check.tally)
}

// stress is a set of runs with the index that they share.
type stress struct {
	jobs    []*job
	faulty  *indextest.Server
	honest  *indextest.Server // the same files, served as they are
	home    string            // ASSAY_HOME of all
	bench   *bench
	program map[string]string // by installer
}

// job is one installation: of a project of its own, which needs another project
// of its own and some that all jobs share.
type job struct {
	number    int
	installer string
	fault     spoiling
	spoilt    string // the project that the fault is about
	large     bool   // too large to be held whole
	padding   int
	dir       string

	outcome outcome
}

func (j *job) project() string    { return fmt.Sprintf("app%03d", j.number) }
func (j *job) dependency() string { return fmt.Sprintf("lib%03d", j.number) }

// sharedProjects is how many projects all jobs need.
const sharedProjects = 3

func sharedProject(n int) string { return fmt.Sprintf("shared%d", n) }

// effect is what a fault does to an installation.
type effect int

const (
	harmless effect = iota // the newest releases are installed
	perhaps                // they may be, or nothing
	harmful                // releases are not to be installed
)

// spoiling is one way in which the index misbehaves towards one project.
type spoiling struct {
	key, value string // as indextest has it; key "page" is the page's misbehave
	effect     effect
	releases   string // that are not to be installed
	byMetadata bool   // matters to those who read metadata ahead
}

// spoilings are the faults. What happens once may be made up for by trying again.
var spoilings = []spoiling{
	{key: "misbehave", value: "slow 300000", effect: harmless},
	{key: "misbehave", value: "delay 200ms", effect: harmless},
	{key: "misbehave", value: "chunked", effect: harmless},
	{key: "misbehave", value: "no-range", effect: harmless},
	{key: "misbehave", value: "redirect host", effect: harmless},
	{key: "misbehave", value: "cut times=1", effect: harmless},
	{key: "misbehave-provenance", value: "delay 300ms", effect: harmless},
	{key: "page", value: "delay 300ms", effect: harmless},
	{key: "page", value: "chunked", effect: harmless},

	{key: "misbehave", value: "status 503 times=1", effect: perhaps},
	{key: "misbehave", value: "drop times=1", effect: perhaps},
	{key: "page", value: "status 503 times=1", effect: perhaps},
	{key: "page", value: "drop times=1", effect: perhaps},
	{key: "misbehave-metadata", value: "status 404", effect: perhaps, byMetadata: true},
	{key: "misbehave-metadata", value: "cut times=1", effect: perhaps, byMetadata: true},

	{key: "misbehave", value: "swapped", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "swapped skip=1", effect: perhaps},
	{key: "misbehave", value: "flipped", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "flipped 50%", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "truncated", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "cut", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "cut -1", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "endless", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "drop", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "status 500", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "redirect loop", effect: harmful, releases: "2.0"},
	{key: "misbehave", value: "body a page of another kind", effect: harmful, releases: "2.0"},
	{key: "misbehave-metadata", value: "swapped", effect: harmful, releases: "2.0", byMetadata: true},
	{key: "misbehave-provenance", value: "status 503", effect: harmful, releases: "2.0"},
	{key: "misbehave-provenance", value: "not-json", effect: harmful, releases: "2.0"},
	{key: "misbehave-provenance", value: "cut", effect: harmful, releases: "2.0"},
	{key: "misissue", value: "wrong-digest", effect: harmful, releases: "2.0"},
	{key: "misissue", value: "wrong-subject", effect: harmful, releases: "2.0"},
	{key: "misissue", value: "bad-signature", effect: harmful, releases: "2.0"},
	{key: "misissue", value: "other-root", effect: harmful, releases: "2.0"},
	{key: "misissue", value: "wrong-publisher", effect: harmful, releases: "2.0"},
	{key: "page", value: "wrong-hash", effect: harmful, releases: "1.0 2.0"},
	{key: "page", value: "truncated", effect: harmful, releases: "1.0 2.0"},
	{key: "page", value: "duplicate-keys", effect: harmful, releases: "1.0 2.0"},
	{key: "page", value: "wrong-name", effect: harmful, releases: "1.0 2.0"},
	{key: "page", value: "gzip-bomb 80MiB", effect: harmful, releases: "1.0 2.0"},
	{key: "page", value: "redirect loop", effect: harmful, releases: "1.0 2.0"},
}

// newStress plans the runs and starts the two indexes.
func newStress(t *testing.T, runs int, seed uint64) *stress {
	random := rand.New(rand.NewPCG(seed, 0))
	s := &stress{program: map[string]string{}}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.program["pip"], s.program["uv"], s.program["fetcher"] = program(t, "pip"), program(t, "uv"), self
	faults := random.Perm(len(spoilings))
	for i := range runs {
		j := &job{number: i, padding: 1 + random.IntN(300<<10), large: random.IntN(12) == 0}
		if j.large {
			j.padding = 9 << 20
		}
		j.installer = []string{"pip", "uv", "uv", "fetcher", "fetcher"}[random.IntN(5)]
		j.spoilt = j.project()
		if random.IntN(4) > 0 {
			j.fault = spoilings[faults[i%len(faults)]]
			switch {
			case j.installer == "fetcher" && j.fault.byMetadata:
				j.installer = "uv"
			case j.fault.key == "misbehave" && j.fault.effect == harmful && random.IntN(3) > 0:
				j.installer = "fetcher" // the others would notice wrong bytes themselves
			}
			if j.installer != "fetcher" && random.IntN(3) == 0 {
				j.spoilt = j.dependency()
			}
		}
		s.jobs = append(s.jobs, j)
	}
	s.honest = indextest.Start(t, s.archive(false))
	s.bench = newBench(t, s.archive(true))
	s.faulty = s.bench.Server
	s.home = filepath.Join(s.bench.dir, "assay")
	return s
}

// archive describes all projects, with what is wrong about them or without.
func (s *stress) archive(faults bool) string {
	var b strings.Builder
	for n := range sharedProjects {
		fmt.Fprintf(&b, "-- %s-2.0-py3-none-any.whl --\npublisher: github:acme/%[1]s@release.yml\npad: %d\n", sharedProject(n), 50_000*(n+1))
	}
	for _, j := range s.jobs {
		for _, name := range []string{j.project(), j.dependency()} {
			if faults && name == j.spoilt && j.fault.key == "page" {
				fmt.Fprintf(&b, "-- %s/ --\nmisbehave: %s\n", name, j.fault.value)
			}
			for _, version := range []string{"1.0", "2.0"} {
				fmt.Fprintf(&b, "-- %s-%s-py3-none-any.whl --\npublisher: github:acme/%[1]s@release.yml\npad: %[3]d\n", name, version, j.padding)
				if name == j.project() {
					fmt.Fprintf(&b, "requires-dist: %s\n", j.dependency())
					for n := range sharedProjects {
						fmt.Fprintf(&b, "requires-dist: %s\n", sharedProject(n))
					}
				}
				if faults && name == j.spoilt && version == "2.0" && j.fault.key != "" && j.fault.key != "page" {
					fmt.Fprintf(&b, "%s: %s\n", j.fault.key, j.fault.value)
				}
			}
		}
	}
	return b.String()
}

// play runs all jobs, so many abreast.
func (s *stress) play(t *testing.T, abreast int) {
	assay, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range s.jobs {
		j.dir = filepath.Join(s.bench.dir, fmt.Sprintf("run%03d", j.number))
		if err := os.Mkdir(j.dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	slots := make(chan struct{}, abreast)
	var wg sync.WaitGroup
	for _, j := range s.jobs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(t.Context(), stressDeadline)
			defer cancel()
			j.outcome = s.run(ctx, assay, j)
		})
	}
	wg.Wait()
}

// stressDeadline is how long one run may take on a busy machine.
const stressDeadline = 4 * time.Minute
