// Package rundir makes the private folder of one run, and removes those that dead
// runs have left.
//
//	PARENT/                    0700
//	  7f3a…c1.lock             held as long as the run lives
//	  7f3a…c1/                 0700, what the run's command reads, and spools
//	    roots.pem
//
// The operating system gives a lock back however its holder ends, kill -9
// included, so a folder whose lock can be had belongs to nobody. The lock is
// flock(2) on Unix and LockFileEx on Windows; the command does not inherit it.
//
// A folder only exists while its lock file does: the lock is made, held, and
// looked at again before the folder is made, and is removed behind the folder.
// Whoever loses its lock file to a sweep between making and holding it notices,
// and takes another name. So no moment needs to be guessed by age, and a sweep
// may run beside any number of starts, ends and other sweeps.
//
//	dir, err := rundir.Open(filepath.Join(state, "run"))
//	defer dir.Close()
//	go rundir.Sweep(filepath.Join(state, "run"))
//	os.WriteFile(filepath.Join(dir.Path(), "roots.pem"), …)
//
// What has other names, is a link, or is a folder without a lock file, is left
// alone: somebody else made it.
package rundir
