// Command serve runs a test index from a txtar archive until it is stopped, for
// demonstrations and for tests that are not written in Go:
//
//	go run ./internal/indextest/serve [-tls] [-ca FILE] [-root FILE] [-addr 127.0.0.1:0] FILE.txtar
//
// It prints one line on standard output once it serves: the URL to give to an
// installer as its index. Paths in the archive start from its folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"assay/internal/indextest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "serve: error:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	useTLS := flags.Bool("tls", false, "serve https")
	ca := flags.String("ca", "", "write the certificate to trust for https to this `file`")
	root := flags.String("root", "", "write the Sigstore trusted root to this `file`")
	addr := flags.String("addr", "127.0.0.1:0", "loopback `address` to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("give one archive")
	}
	archive, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	options := []indextest.Option{indextest.WithAddr(*addr), indextest.WithDir(filepath.Dir(flags.Arg(0)))}
	if *useTLS {
		options = append(options, indextest.WithTLS())
	}
	s, err := indextest.New(archive, options...)
	if err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	defer s.Close()
	if *root != "" {
		if err := os.WriteFile(*root, s.TrustedRoot(), 0o644); err != nil {
			return fmt.Errorf("writing the trusted root: %w", err)
		}
	}
	if *ca != "" {
		if err := os.WriteFile(*ca, s.CertificatePEM(), 0o644); err != nil {
			return fmt.Errorf("writing the certificate: %w", err)
		}
	}
	fmt.Println(s.SimpleURL())
	<-ctx.Done()
	return nil
}
