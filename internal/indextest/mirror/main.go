// Command mirror is a frozen package index with the wheels of one application, for
// measuring what installing it costs:
//
//	go run ./internal/indextest/mirror [-ca FILE] [-root FILE] [-requirements FILE]
//
// It prints one line on standard output once it serves: the URL to give to an
// installer as its index. It serves until it is stopped, over TLS and HTTP/2,
// from memory, and everything is made before the first request: wheels of
// sources that compile, pages with core metadata (PEP 658) and provenance (PEP
// 740), all in the sizes and numbers that application says.
//
//	$ pip install --cert ca.pem --index-url https://127.0.0.1:PORT/simple/ -r requirements.txt
//	Successfully installed part00-3.0.0 part01-3.0.0 …
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, application); err != nil {
		fmt.Fprintln(os.Stderr, "mirror: error:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer, parts []part) error {
	flags := flag.NewFlagSet("mirror", flag.ContinueOnError)
	ca := flags.String("ca", "", "write the certificate to trust to this `file`")
	root := flags.String("root", "", "write the Sigstore trusted root to this `file`")
	requirements := flags.String("requirements", "", "write what a person would ask for to this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return errors.New("mirror takes no arguments")
	}
	m, err := newMirror(parts)
	if err != nil {
		return err
	}
	trusted, err := m.authority.TrustedRootJSON()
	if err != nil {
		return err
	}
	for file, content := range map[string][]byte{*ca: m.ca.PEM(), *root: trusted, *requirements: asked(parts)} {
		if file == "" {
			continue
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	served := make(chan error, 1)
	go func() { served <- m.serve() }()
	fmt.Fprintln(stdout, m.url+"/simple/")
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		return m.server.Close()
	}
}

// asked is a requirements file with what a person asked for.
func asked(parts []part) []byte {
	var b strings.Builder
	for i, p := range parts {
		if p.asked {
			fmt.Fprintln(&b, name(i))
		}
	}
	return []byte(b.String())
}
