package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// version is set when a release is built (-ldflags "-X main.version=1.2.3").
var version = "0.1.0-dev"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which Assay this is, and which trusted root it uses",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(a.stdout, "assay %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, m := range info.Deps {
					if m.Path == "github.com/sigstore/sigstore-go" {
						fmt.Fprintf(a.stdout, "sigstore-go %s\n", m.Version)
					}
				}
			}
			root, err := a.trustedRoot("")
			if err != nil {
				return err
			}
			fmt.Fprintln(a.stdout, describe(root, time.Now()))
			return nil
		},
	}
}
