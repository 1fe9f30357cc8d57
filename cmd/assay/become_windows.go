package main

import (
	"errors"
	"os"
)

// refusals is where the hidden verb complains: nobody waits for it here.
func refusals() *os.File { return os.Stderr }

// become cannot be done here.
func become(string, []string, []string) error {
	return errors.New("a process cannot become another program on Windows")
}
