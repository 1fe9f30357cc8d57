// Command starttest measures what `assay run` adds before its command starts and
// after it has ended. The command is this program itself, which says when it was
// started, so that nothing but two processes is in the figures:
//
//	t0 ──exec──▶ assay ──▶ command: "1793…" ──▶ assay's end
//	│◀───── to the start ──────▶│                    │
//	│◀──────────────────── whole ───────────────────▶│
//
// Runs with and without Assay take turns, so that a busy machine is busy for both.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "command" {
		fmt.Println(time.Now().UnixNano())
		return
	}
	runs := flag.Int("n", 100, "how many `runs`")
	assay := flag.String("assay", "bin/assay", "the `program`")
	flag.Parse()
	if err := measure(*runs, *assay); err != nil {
		fmt.Fprintln(os.Stderr, "starttest:", err)
		os.Exit(1)
	}
}

func measure(runs int, assay string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	alone, under := &figures{}, &figures{}
	for n := range runs + 3 {
		for _, c := range []struct {
			f    *figures
			args []string
		}{
			{alone, []string{self, "command"}},
			{under, []string{assay, "run", "-q", "--", self, "command"}},
		} {
			start, whole, err := once(c.args)
			if err != nil {
				return err
			}
			if n >= 3 { // the first ones fill the system's caches
				c.f.start, c.f.whole = append(c.f.start, start), append(c.f.whole, whole)
			}
		}
	}
	fmt.Printf("%-28s %8s %8s %8s\n", "milliseconds", "min", "median", "p95")
	for _, row := range []struct {
		name string
		of   []time.Duration
	}{
		{"to the command's start", under.start}, {"  without assay", alone.start},
		{"whole", under.whole}, {"  without assay", alone.whole},
	} {
		slices.Sort(row.of)
		ms := func(i int) float64 { return float64(row.of[i]) / float64(time.Millisecond) }
		fmt.Printf("%-28s %8.1f %8.1f %8.1f\n", row.name, ms(0), ms(runs/2), ms(runs*95/100))
	}
	return nil
}

// figures are the times of all runs.
type figures struct{ start, whole []time.Duration }

// once runs a command line that ends in this program.
func once(args []string) (start, whole time.Duration, err error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	began := time.Now()
	out, err := cmd.Output()
	whole = time.Since(began)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	at, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return 0, 0, err
	}
	return time.Unix(0, at).Sub(began), whole, nil
}
