package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// stateDir is where Assay keeps what must last: $ASSAY_HOME, else the XDG state
// folder. It is not created here.
func (a *app) stateDir() (string, error) {
	if home := a.getenv("ASSAY_HOME"); home != "" {
		return filepath.Abs(home)
	}
	if dir := a.getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "assay"), nil
	}
	home, err := a.home()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return "", noPlace(err)
		}
		return filepath.Join(dir, "assay"), nil
	}
	return filepath.Join(home, ".local", "state", "assay"), nil
}

// cacheDir is where the installers' caches of Assay's own are.
func (a *app) cacheDir() (string, error) {
	if home := a.getenv("ASSAY_HOME"); home != "" {
		return filepath.Abs(filepath.Join(home, "cache"))
	}
	if dir := a.getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "assay"), nil
	}
	home, err := a.home()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", noPlace(err)
		}
		return filepath.Join(dir, "assay"), nil
	}
	return filepath.Join(home, ".cache", "assay"), nil
}

func (a *app) home() (string, error) {
	if home := a.getenv("HOME"); home != "" || runtime.GOOS != "windows" {
		if home == "" {
			return "", noPlace(errors.New("neither ASSAY_HOME nor HOME is set"))
		}
		return home, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", noPlace(err)
	}
	return home, nil
}

func noPlace(err error) error {
	return &failure{statusUsage, err, "set ASSAY_HOME to a folder in which assay may write"}
}
