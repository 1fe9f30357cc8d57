// Command locked is an index on loopback with the packages of one lock file, for
// measuring what checking it costs:
//
//	go run ./internal/indextest/locked [-packages N] [-attested PERCENT] -requirements FILE -root FILE
//
// It writes the lock, with the hashes of all files, and the Sigstore trusted root, prints
// the URL of the index on standard output once it serves, and serves until it is
// stopped. A package has ten files: a wheel for everywhere, eight for single platforms,
// and an sdist.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"assay/internal/indextest"
)

var tags = []string{"py3-none-any", "cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_aarch64", "cp312-cp312-musllinux_1_2_x86_64",
	"cp312-cp312-macosx_10_13_x86_64", "cp312-cp312-macosx_11_0_arm64", "cp312-cp312-win_amd64", "cp312-cp312-win32", "cp313-cp313-manylinux_2_17_x86_64"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "locked: error:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("locked", flag.ContinueOnError)
	packages := flags.Int("packages", 300, "how many packages")
	attested := flags.Int("attested", 50, "how many `percent` of them are attested")
	requirements := flags.String("requirements", "", "write the lock to this `file`")
	root := flags.String("root", "", "write the Sigstore trusted root to this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var archive strings.Builder
	files := make([][]string, *packages)
	for i := range *packages {
		for _, tag := range tags {
			files[i] = append(files[i], fmt.Sprintf("part%03d-1.0.0-%s.whl", i, tag))
		}
		files[i] = append(files[i], fmt.Sprintf("part%03d-1.0.0.tar.gz", i))
		for _, f := range files[i] {
			fmt.Fprintf(&archive, "-- %s --\nupload-time: 2026-01-10T00:00:00Z\n", f)
			if i%100 < *attested {
				fmt.Fprintf(&archive, "publisher: github:acme/part%03d@release.yml\n", i)
			}
		}
	}
	s, err := indextest.New([]byte(archive.String()))
	if err != nil {
		return err
	}
	defer s.Close()
	var lock strings.Builder
	for i := range files {
		fmt.Fprintf(&lock, "part%03d==1.0.0", i)
		for _, name := range files[i] {
			f, ok := s.File(name)
			if !ok {
				return fmt.Errorf("there is no %s", name)
			}
			fmt.Fprintf(&lock, " \\\n    --hash=sha256:%s", f.SHA256)
		}
		lock.WriteString("\n")
	}
	for path, data := range map[string][]byte{*requirements: []byte(lock.String()), *root: s.TrustedRoot()} {
		if path == "" {
			continue
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
	if err := s.Start(); err != nil {
		return err
	}
	fmt.Fprintln(stdout, s.SimpleURL())
	<-ctx.Done()
	return nil
}
