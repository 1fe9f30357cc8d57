package main

import "os"

// passedOn are the signals that are the command's to handle.
var passedOn = []os.Signal{os.Interrupt}

// fromTerminal reports whether a signal reached the command as well: the console
// sends an interrupt to every process that is attached to it.
func fromTerminal(os.Signal) bool { return true }

// statusOf is the command's exit status.
func statusOf(p *os.ProcessState) int { return p.ExitCode() }
